"""Yields frames with optical flow and cuts in order; threads decode and estimate flow ahead."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from maskrnn_core.optical_flow.estimator import FlowEstimator
from maskrnn_core.optical_flow.streaming import reading_start, stream_flow
from maskrnn_core.prefetch import prefetch
from maskrnn_core.video import FloatArray, UInt8Array
from tasks.clip import StreamOptions
from tasks.streaming.cuts import READ_BEFORE, with_cuts
from tasks.streaming.opened_clip import OpenedClip
from tasks.streaming.stage_clock import StageClock

_AHEAD = 2
"""How many frames wait between two threads."""


@dataclass(frozen=True)
class FrameWithFlow:
    """One frame, and the motion to its neighbours in the same shot."""

    index: int
    frame: UInt8Array
    backward: FloatArray | None
    """As `Video.backward_flow`; also None at a cut."""
    forward: FloatArray | None
    is_cut: bool
    """Whether a shot begins with the frame."""


@contextmanager
def frames_with_flow(
    clip: OpenedClip,
    estimator: FlowEstimator | None,
    options: StreamOptions,
    clock: StageClock,
    start: int = 0,
) -> Iterator[Iterator[FrameWithFlow]]:
    """Yield the frames from `start` on; they are the same wherever a stream begins.

    Without an estimator there is no flow. Memory holds a few frames, however long the clip is. The
    threads stop with the block.
    """
    first = max(start - READ_BEFORE, 0)
    if estimator is not None:
        first = min(reading_start(estimator, start), first)
    with ExitStack() as threads:
        decoded = threads.enter_context(prefetch(_decoded(clip, options, clock, first), _AHEAD))
        if estimator is None:
            yield _without_flow(decoded, first, start)
            return
        flow = _with_flow(decoded, clip.frame_count, estimator, clock, first, start)
        yield threads.enter_context(prefetch(flow, _AHEAD))


def _decoded(
    clip: OpenedClip, options: StreamOptions, clock: StageClock, first: int
) -> Iterator[tuple[UInt8Array, bool]]:
    frames = clock.each(map(clip.frame, range(first, clip.frame_count)), "decode")
    if not options.cuts:
        return ((frame, False) for frame in frames)
    return with_cuts(frames, options, clock, from_beginning=first == 0)


def _without_flow(
    decoded: Iterator[tuple[UInt8Array, bool]], first: int, start: int
) -> Iterator[FrameWithFlow]:
    for index, (frame, is_cut) in enumerate(decoded, first):
        if index >= start:
            yield FrameWithFlow(index, frame, None, None, is_cut)


def _with_flow(
    decoded: Iterator[tuple[UInt8Array, bool]],
    frame_count: int,
    estimator: FlowEstimator,
    clock: StageClock,
    first: int,
    start: int,
) -> Iterator[FrameWithFlow]:
    arriving = enumerate(decoded, first)
    waiting: dict[int, tuple[UInt8Array, bool]] = {}
    waited = 0.0

    def frame(index: int) -> UInt8Array:
        nonlocal waited
        began = time.perf_counter()
        number, entry = next(item for item in arriving if item[0] == index)
        waited += time.perf_counter() - began
        waiting[number] = entry
        return entry[0]

    stream = stream_flow(estimator, frame, frame_count, start)
    for index, backward, forward in clock.each(stream, "flow"):
        clock.seconds["flow"] -= waited
        waited = 0.0
        for former in [number for number in waiting if number < index]:
            del waiting[former]
        shown, is_cut = waiting[index]
        cut_follows = index + 1 in waiting and waiting[index + 1][1]
        yield FrameWithFlow(
            index,
            shown,
            None if is_cut else backward,
            None if cut_follows else forward,
            is_cut,
        )
