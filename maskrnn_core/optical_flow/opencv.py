"""The estimators of OpenCV: DIS and Farneback. They need no weights and no GPU.

Both give the same bytes for any number of threads (measured: 1 to 8), so the digest does not
contain the threads. It contains OpenCV's version, because results differ between versions.
"""

from abc import ABC, abstractmethod
from typing import Literal

import cv2
import numpy as np

from maskrnn_core.digest import stable_digest
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.estimator import check_pair
from maskrnn_core.video import FloatArray, UInt8Array

DISPreset = Literal["ultrafast", "fast", "medium"]

# Preset and the smallest side that it supports. On smaller, elongated frames OpenCV 5.0 raises no
# error: it reads outside the image, and the process crashes.
_DIS: dict[DISPreset, tuple[int, int]] = {
    "ultrafast": (cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST, 32),
    "fast": (cv2.DISOPTICAL_FLOW_PRESET_FAST, 32),
    "medium": (cv2.DISOPTICAL_FLOW_PRESET_MEDIUM, 16),
}


class _GrayEstimator(ABC):
    """Common part of both methods: checks, conversion to gray, both directions."""

    def __init__(self, name: str, digest: str, smallest: int) -> None:
        self.name = name
        self.digest = digest
        self._smallest = smallest

    def estimate(self, frame1: UInt8Array, frame2: UInt8Array) -> FloatArray:
        """flow[frame1 -> frame2], float32 (H, W, 2), pixels; see `FlowEstimator`."""
        first, second = self._gray_pair(frame1, frame2)
        return self._flow(first, second)

    def estimate_both(
        self, frame1: UInt8Array, frame2: UInt8Array
    ) -> tuple[FloatArray, FloatArray]:
        """flow[frame1 -> frame2] and flow[frame2 -> frame1]; see `FlowEstimator`."""
        first, second = self._gray_pair(frame1, frame2)
        return self._flow(first, second), self._flow(second, first)

    def _gray_pair(self, frame1: UInt8Array, frame2: UInt8Array) -> tuple[UInt8Array, UInt8Array]:
        check_pair(frame1, frame2)
        height, width = frame1.shape[:2]
        if min(height, width) < self._smallest:
            raise InvalidInputError(
                f"frames of {height}x{width} are too small for {self.name!r}, which needs"
                f" {self._smallest} pixels per side: use a larger resolution"
            )
        return _gray(frame1), _gray(frame2)

    @abstractmethod
    def _flow(self, first: UInt8Array, second: UInt8Array) -> FloatArray: ...


class DIS(_GrayEstimator):
    """Dense inverse search (Kroeger et al., ECCV 2016), the default estimator.

    Args:
        preset: OpenCV's name for quality and time; "medium" takes 15 ms at 480x854.

    Raises:
        InvalidInputError: the preset is unknown.
    """

    def __init__(self, preset: DISPreset = "medium") -> None:
        if preset not in _DIS:
            raise InvalidInputError(
                f"unknown DIS preset {preset!r}: choose one of {', '.join(_DIS)}"
            )
        self._preset, smallest = _DIS[preset]
        super().__init__(
            name="dis" if preset == "medium" else f"dis-{preset}",
            digest=stable_digest(["DIS", preset, cv2.__version__]),
            smallest=smallest,
        )

    def _flow(self, first: UInt8Array, second: UInt8Array) -> FloatArray:
        # A new instance each time, because it keeps buffers and is not thread-safe.
        method = cv2.DISOpticalFlow.create(self._preset)
        return np.asarray(method.calc(first, second, None), np.float32)  # type: ignore[call-overload]


class Farneback(_GrayEstimator):
    """Polynomial expansion (Farneback, SCIA 2003): smoother and slower than DIS.

    Args:
        levels: levels of the pyramid; each has half the size of the previous one.
        window: side of the averaging window in pixels.
    """

    def __init__(self, levels: int = 5, window: int = 15) -> None:
        if levels < 1 or window < 3:
            raise InvalidInputError(
                f"Farneback has {levels} levels and a window of {window}:"
                " give at least 1 level and 3 pixels"
            )
        self._levels = levels
        self._window = window
        super().__init__(
            name="farneback",
            digest=stable_digest(["Farneback", levels, window, cv2.__version__]),
            smallest=16,
        )

    def _flow(self, first: UInt8Array, second: UInt8Array) -> FloatArray:
        start = np.zeros((*first.shape, 2), np.float32)
        flow = cv2.calcOpticalFlowFarneback(
            first, second, start, 0.5, self._levels, self._window, 3, 5, 1.1, 0
        )
        return np.asarray(flow, np.float32)


def _gray(frame: UInt8Array) -> UInt8Array:
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)
