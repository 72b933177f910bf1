"""J, F and T restated from their definitions in the way the public tools compute them.

For comparison of speed and figures only; nothing in the project uses these functions.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

BoolImage = NDArray[np.bool_]


def region(truth: BoolImage, predicted: BoolImage) -> float:
    """J of one frame."""
    union = np.sum(truth | predicted)
    return float(np.sum(truth & predicted) / union) if union else 1.0


def boundary(mask: BoolImage) -> BoolImage:
    """Pixels that differ from their right, lower or lower-right neighbour."""
    right, below, corner = mask.copy(), mask.copy(), mask.copy()
    right[:, :-1] = mask[:, 1:]
    below[:-1] = mask[1:]
    corner[:-1, :-1] = mask[1:, 1:]
    result: BoolImage = (mask ^ right) | (mask ^ below) | (mask ^ corner)
    result[-1] = mask[-1] ^ right[-1]
    result[:, -1] = mask[:, -1] ^ below[:, -1]
    result[-1, -1] = False
    return result


def disk(radius: int) -> NDArray[np.uint8]:
    """All offsets at most `radius` away."""
    rows, columns = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    inside: NDArray[np.uint8] = (rows**2 + columns**2 <= radius**2).astype(np.uint8)
    return inside


def contour_by_offsets(truth: BoolImage, predicted: BoolImage) -> float:
    """F with the dilation done offset by offset over the whole frame, in plain numpy.

    The DAVIS-2016 code uses a binary dilation without any shortcut for its structuring element,
    whose cost is likewise the number of offsets times the number of pixels.
    """
    radius = _radius(truth.shape)
    true_edge, edge = boundary(truth), boundary(predicted)
    return _f_measure(true_edge, edge, _dilated(true_edge, radius), _dilated(edge, radius))


def contour_by_opencv(truth: BoolImage, predicted: BoolImage) -> float:
    """F with OpenCV's dilation over the whole frame, as the fast public tools do it."""
    element = disk(_radius(truth.shape))
    true_edge, edge = boundary(truth), boundary(predicted)
    near = [cv2.dilate(e.view(np.uint8), element).view(np.bool_) for e in (true_edge, edge)]
    return _f_measure(true_edge, edge, near[0], near[1])


def _radius(shape: tuple[int, ...]) -> int:
    return math.ceil(0.008 * math.sqrt(shape[0] ** 2 + shape[1] ** 2))


def _dilated(mask: BoolImage, radius: int) -> BoolImage:
    height, width = mask.shape
    padded = np.pad(mask, radius)
    result = np.zeros_like(mask)
    for y, x in zip(*np.nonzero(disk(radius)), strict=True):
        result |= padded[y : y + height, x : x + width]
    return result


def _f_measure(true_edge: BoolImage, edge: BoolImage, near: BoolImage, own: BoolImage) -> float:
    predicted, true = int(edge.sum()), int(true_edge.sum())
    if predicted == 0 and true == 0:
        return 1.0
    precision = float((edge & near).sum()) / predicted if predicted else 1.0
    recall = float((true_edge & own).sum()) / true if true else 1.0
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0
