"""Contour accuracy F: how well the boundaries of masks agree."""

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.metrics.frame_counts import TOLERANCE, FrameCounter
from maskrnn_core.metrics.masks import BoolArray, check_mask_pair


def contour_accuracy(
    annotation: BoolArray, prediction: BoolArray, tolerance: float = TOLERANCE
) -> NDArray[np.float64]:
    """F of every frame: harmonic mean of boundary precision and recall.

    Takes two boolean arrays (T, H, W) and returns float64 (T,), in [0, 1], for every frame
    (Perazzi et al. 2016, section 4.1). A boundary pixel differs from its right, lower or
    lower-right neighbour. It matches if the other boundary has a pixel at most
    ceil(tolerance * diagonal) away (Euclidean). F is 1 if neither mask has a boundary, and 0 if
    only one has. F is symmetric in its arguments.

    Raises:
        InvalidInputError: the arrays are not boolean (T, H, W) or differ in shape, or the
            tolerance is outside [0, 1).
    """
    check_mask_pair("contour_accuracy", annotation, prediction)
    counter = FrameCounter(annotation.shape[1:], 1, 1, [(1, 1)], tolerance=tolerance)
    values = np.empty(len(annotation), dtype=np.float64)
    for index, (truth, predicted) in enumerate(zip(annotation, prediction, strict=True)):
        counts = counter.count(_as_labels(truth), _as_labels(predicted))
        values[index] = counts.contour()[0]
    return values


def _as_labels(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(mask).view(np.uint8)
