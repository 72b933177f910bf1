"""Finds where shots begin, with PySceneDetect's adaptive detector, frame by frame."""

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from maskrnn_core.video import UInt8Array
from tasks.clip import StreamOptions
from tasks.streaming.stage_clock import StageClock

AROUND = 2
"""How many frames before and after a change the detector compares it with."""

READ_BEFORE = AROUND + 1
"""How many earlier frames the detector needs to decide whether a shot starts at a frame."""

_RATE = 25.0  # the detector only counts frames, but requires a rate


def with_cuts(
    frames: Iterable[UInt8Array],
    options: StreamOptions,
    clock: StageClock,
    *,
    from_beginning: bool,
) -> Iterator[tuple[UInt8Array, bool]]:
    """Yield each frame with whether a shot begins with it, `AROUND` frames late.

    The decision about a frame uses only the `READ_BEFORE` frames before it and the `AROUND` after
    it, so a stream resumed in the middle finds the same cuts. Beyond its first and last frame the
    video counts as standing still.

    Args:
        frames: uint8 (H, W, 3), RGB, all of one size.
        options: thresholds.
        clock: adds up the time for detection, as "cuts".
        from_beginning: whether the first frame is that of the video; if not, the decisions about
            the first `READ_BEFORE` frames are not valid.
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
        """Give the detector a frame; its answer concerns the frame given `AROUND` before."""
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
