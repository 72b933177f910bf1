"""The integer counts behind J and F of one frame, for all objects together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.metrics.region import ratio_or_one
from maskrnn_core.video import VOID

UInt8Array = NDArray[np.uint8]
Int64Array = NDArray[np.int64]
FloatArray = NDArray[np.float64]

TOLERANCE = 0.008
"""Distance within which boundaries match, relative to the frame's diagonal (DAVIS)."""

_FIRST_CAPACITY = 16384


@dataclass(frozen=True)
class FrameCounts:
    """Counts of one frame, one entry per compared pair (true object, predicted object)."""

    intersection: Int64Array
    """Pixels in both masks."""
    union: Int64Array
    """Pixels in either mask."""
    predicted_boundary: Int64Array
    """Boundary pixels of the predicted mask."""
    true_boundary: Int64Array
    """Boundary pixels of the true mask."""
    predicted_near: Int64Array
    """Predicted boundary pixels within the tolerance of the true boundary."""
    true_near: Int64Array
    """True boundary pixels within the tolerance of the predicted boundary."""
    beyond: int
    """Predicted pixels with a label above the number of predicted objects."""
    true_pixels: Int64Array
    """Annotated pixels of the labels 1, 2, ..., whether compared or not."""
    true_beyond: int
    """Annotated pixels with a label above these, void left out."""
    has_void: bool
    """Whether the annotation has pixels that are 255."""

    def region(self) -> FloatArray:
        """J of every pair."""
        pairs = zip(self.intersection.tolist(), self.union.tolist(), strict=True)
        return np.array([ratio_or_one(*pair) for pair in pairs], dtype=np.float64)

    def contour(self) -> FloatArray:
        """F of every pair."""
        columns = (self.predicted_near, self.predicted_boundary, self.true_near, self.true_boundary)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return np.array([f_measure(*row) for row in rows], dtype=np.float64)


def f_measure(predicted_near: int, predicted: int, true_near: int, true: int) -> float:
    """F = 2PR / (P + R) from counts of boundary pixels.

    If one boundary is absent, its share is 1 and the share of the other is 0. If both are absent,
    F is 1.
    """
    if predicted == 0 and true == 0:
        return 1.0
    precision = predicted_near / predicted if predicted else 1.0
    recall = true_near / true if true else 1.0
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0


def boundary_tolerance(size: tuple[int, int], tolerance: float = TOLERANCE) -> int:
    """Tolerance in pixels, ceil(tolerance * diagonal), for frames of size (H, W).

    Raises:
        InvalidInputError: the tolerance is below 0, 1 or more, or NaN.
    """
    if not 0 <= tolerance < 1:
        raise InvalidInputError(
            f"the tolerance of F is {tolerance}, but it is a share of the frame's diagonal: "
            f"pass a number from 0 to below 1 (DAVIS: {TOLERANCE})"
        )
    return math.ceil(tolerance * math.sqrt(size[0] ** 2 + size[1] ** 2))


class FrameCounter:
    """Counts frames of one size and reuses its buffers. Not thread-safe."""

    def __init__(
        self,
        size: tuple[int, int],
        true_objects: int,
        predicted_objects: int,
        pairs: Sequence[tuple[int, int]],
        *,
        ignore_void: bool = False,
        tolerance: float = TOLERANCE,
    ) -> None:
        """Create a counter for frames (H, W) and pairs (true label, predicted label), from 1.

        With ignore_void, pixels that are 255 in the annotation are background in both label maps.
        Otherwise 255 is a label that no pair contains.
        """
        self._size, self._ignore_void = size, ignore_void
        self._pairs = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
        radius = boundary_tolerance(size, tolerance)
        self._reach = np.array([math.isqrt(radius**2 - d**2) for d in range(radius + 1)])
        self._bits = np.zeros((2, size[0], (size[1] + 63) // 64), dtype=np.uint64)
        self._found = np.empty((2, _FIRST_CAPACITY, 3), dtype=np.int32)
        self._pixels = np.zeros((true_objects + 3, predicted_objects + 3), dtype=np.int64)

    def count(self, annotation: UInt8Array, prediction: UInt8Array) -> FrameCounts:
        """Counts of one frame from two label maps, uint8 (H, W).

        Raises:
            InvalidInputError: the type or the size is another one.
        """
        true = self._checked("annotation", annotation)
        predicted = self._checked("prediction", prediction)
        from maskrnn_core.metrics.frame_kernels import VOID_FOUND

        rows = np.empty((len(self._pairs), 6), dtype=np.int64)
        outcome = self._count(true, predicted, rows, self._ignore_void)
        has_void = outcome == VOID_FOUND
        if has_void:
            void = true == VOID
            true, predicted = np.where(void, 0, true), np.where(void, 0, predicted)
            outcome = self._count(true, predicted, rows, False)
        if outcome > 0:
            self._found = np.empty((2, outcome, 3), dtype=np.int32)
            self._count(true, predicted, rows, False)
        return FrameCounts(
            intersection=rows[:, 0],
            union=rows[:, 1],
            predicted_boundary=rows[:, 2],
            true_boundary=rows[:, 3],
            predicted_near=rows[:, 4],
            true_near=rows[:, 5],
            beyond=int(self._pixels[:, -2:].sum()),
            true_pixels=self._pixels[1:-2].sum(axis=1),
            true_beyond=int(self._pixels[-2].sum()),
            has_void=has_void or bool(self._pixels[-1].any()),
        )

    def _count(
        self, true: UInt8Array, predicted: UInt8Array, rows: Int64Array, stop_at_void: bool
    ) -> int:
        from maskrnn_core.metrics.frame_kernels import count_frame

        return count_frame(
            true,
            predicted,
            self._pairs,
            self._reach,
            self._bits,
            self._found,
            self._pixels,
            rows,
            stop_at_void,
        )

    def _checked(self, name: str, labels: UInt8Array) -> UInt8Array:
        if labels.dtype != np.uint8 or labels.shape != self._size:
            raise InvalidInputError(
                f"the {name} is {labels.dtype} of shape {labels.shape}; give a label map, "
                f"uint8 of shape {self._size}"
            )
        # The kernels are compiled once, only for writable arrays in C order.
        return np.require(labels, requirements=["C", "W"])
