"""Where shots begin: PySceneDetect's adaptive detector, fed frame by frame."""

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from maskrnn_core.video import UInt8Array
from tasks.clip import StreamOptions
from tasks.streaming.stage_clock import StageClock

AROUND = 2
"""Frames before and after a change with which it is compared."""

READ_BEFORE = AROUND + 1
"""Frames that must be read before one of which it shall be told whether a shot begins there."""

_RATE = 25.0  # the detector counts frames alone, but asks for a rate


def with_cuts(
    frames: Iterable[UInt8Array],
    options: StreamOptions,
    clock: StageClock,
    *,
    from_beginning: bool,
) -> Iterator[tuple[UInt8Array, bool]]:
    """Give each frame with whether another shot begins with it, `AROUND` frames late.

    What is told of a frame depends on the `READ_BEFORE` frames before it and the `AROUND` after it
    alone, so that a stream taken up in the middle finds the same cuts. Where the video begins and
    ends, it counts as standing still.

    Args:
        frames: uint8 (H, W, 3), RGB, all of one size.
        options: thresholds.
        clock: adds up the time of looking, as "cuts".
        from_beginning: whether the first frame is that of the video; else nothing true is told of
            the first `READ_BEFORE`.
    """
    from scenedetect import AdaptiveDetector, FrameTimecode

    detector = AdaptiveDetector(
        adaptive_threshold=options.cut_ratio,
        min_content_val=options.cut_change,
        min_scene_len=0,
        window_width=AROUND,
    )
    fed: deque[UInt8Array | None] = deque()
    count = 0

    def feed(frame: UInt8Array, item: UInt8Array | None) -> Iterator[tuple[UInt8Array, bool]]:
        """Show the detector a frame; what it then tells is about the one shown `AROUND` before."""
        nonlocal count
        with clock.measure("cuts"):
            bgr = np.ascontiguousarray(frame[..., ::-1])
            is_cut = bool(detector.process_frame(FrameTimecode(count, fps=_RATE), bgr))
        count += 1
        fed.append(item)
        if len(fed) > AROUND and (about := fed.popleft()) is not None:
            yield about, is_cut

    last: UInt8Array | None = None
    for frame in frames:
        if last is None and from_beginning:
            for _ in range(AROUND):
                yield from feed(frame, None)
        yield from feed(frame, frame)
        last = frame
    for _ in range(AROUND):
        if last is not None:
            yield from feed(last, None)
