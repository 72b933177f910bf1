"""Preloaded by the workers of the fault tests: records every frame that the core segments.

MASKRNN_FRAME_LOG   file to which lines "process prediction-folder frame" are appended
"""

import os
from collections.abc import Generator, Mapping
from typing import Any

from maskrnn_core.inference import SegmentedFrame, VideoSegmenter, segmentation


class CountedSegmenter(VideoSegmenter):
    """Records which frames it yields."""

    def __init__(self, video: Any, weights: Any, preset: Any, compute: Any, **options: Any) -> None:
        super().__init__(video, weights, preset, compute, **options)
        self._what = f"{preset.name}/{video.name}"

    def frames(
        self, start: int = 0, state: Mapping[str, Any] | None = None
    ) -> Generator[SegmentedFrame, None, None]:
        for frame in super().frames(start, state):
            line = f"{os.getpid()} {self._what} {frame.index}\n"
            log = os.open(os.environ["MASKRNN_FRAME_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(log, line.encode())  # one call: lines of two processes do not mix
            os.close(log)
            yield frame


def dask_setup(worker: object) -> None:
    """Called by Dask when a worker starts, also after it was killed."""
    segmentation.VideoSegmenter = CountedSegmenter  # type: ignore[misc]
