"""The estimators that OpenCV brings: DIS and Farneback. No weights, a CPU is enough."""

from typing import Literal

import cv2
import numpy as np

from maskrnn_core.digest import stable_digest
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.estimator import check_pair
from maskrnn_core.video import FloatArray, UInt8Array

DISPreset = Literal["ultrafast", "fast", "medium"]

_DIS_PRESETS: dict[DISPreset, int] = {
    "ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}
_DIS_SMALLEST = 32


class _GrayEstimator:
    """Shared part: checks, conversion to gray, both directions."""

    smallest: int

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
        if min(frame1.shape[:2]) < self.smallest:
            raise InvalidInputError(
                f"frames of {frame1.shape[0]}x{frame1.shape[1]} are too small for this estimator:"
                f" it takes {self.smallest} pixels a side or more; use a larger resolution"
            )
        return _gray(frame1), _gray(frame2)

    def _flow(self, first: UInt8Array, second: UInt8Array) -> FloatArray:
        raise NotImplementedError


def _gray(frame: UInt8Array) -> UInt8Array:
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)


class DIS(_GrayEstimator):
    """Dense inverse search (Kroeger et al., ECCV 2016), the default estimator.

    Results differ between versions of OpenCV, so its version is part of the digest.
    """

    smallest = _DIS_SMALLEST

    def __init__(self, preset: DISPreset = "medium") -> None:
        if preset not in _DIS_PRESETS:
            raise InvalidInputError(
                f"unknown DIS preset {preset!r}: choose one of {', '.join(_DIS_PRESETS)}"
            )
        self.preset = preset
        self.name = "dis" if preset == "medium" else f"dis-{preset}"
        self.digest = stable_digest(["DIS", preset, cv2.__version__])

    def _flow(self, first: UInt8Array, second: UInt8Array) -> FloatArray:
        # A new instance each time: it keeps buffers, and is not safe to share between threads.
        method = cv2.DISOpticalFlow_create(_DIS_PRESETS[self.preset])
        return np.asarray(method.calc(first, second, None), np.float32)
