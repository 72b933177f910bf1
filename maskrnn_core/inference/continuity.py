"""What of a prediction continues the object, and what of it is a lost one found again."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from maskrnn_core.geometry.boxes import Box, enlarge_box
from maskrnn_core.network_shape import STRIDES

SMALLEST_MARGIN = 8.0
"""Pixels by which a box grows at least, on each side: small boxes must allow for motion, too."""

MAIN_PIECE = 0.25
"""Area of a main piece relative to the largest: an object in front may cut the mask in two."""

REACQUIRE_PROBABILITY = 0.8
"""Mean probability that a component must have to count as the lost object."""

Window = tuple[slice, slice]
"""Rows and columns of a frame."""


def continuity_box(box: Box, scale: float, size: tuple[int, int]) -> Box:
    """Box of the warped mask enlarged about its centre, clipped to the frame (height, width).

    Every side moves out by `SMALLEST_MARGIN` pixels or more where the scale is above 1.
    """
    if scale <= 1:
        return enlarge_box(box, scale, size)
    width, height = float(box[2] - box[0]), float(box[3] - box[1])
    least = 2 * SMALLEST_MARGIN
    grown = np.array(
        [max(width * (scale - 1), least), max(height * (scale - 1), least)], dtype=np.float32
    )
    margin = np.concatenate((-grown, grown)) / 2
    return enlarge_box((box + margin).astype(np.float32), 1.0, size)


def window_of(box: Box, margin: float, size: tuple[int, int]) -> Window:
    """Rows and columns of a box with a margin around it, within the frame (height, width).

    They begin at multiples of the network's largest stride, so that every feature keeps its place.
    """
    stride = STRIDES[-1]
    low = [max(math.floor((float(edge) - margin) / stride), 0) * stride for edge in box[:2]]
    high = [math.ceil(float(edge) + margin) for edge in box[2:]]
    return slice(low[1], min(high[1], size[0])), slice(low[0], min(high[0], size[1]))


def near_pieces(
    probability: NDArray[np.float32],
    previous: NDArray[np.bool_],
    threshold: float,
    reach: float,
) -> NDArray[np.float32]:
    """Probability without the pieces that lie farther than `reach` from the main ones of the mask.

    The main pieces are the largest of the warped mask and those of a quarter of its area at least:
    a small false positive that got into the mask must not keep itself there.

    Args:
        probability: (H, W) in [0, 1].
        previous: (H, W), the warped mask of the frame before.
        threshold: pixels at or above it form pieces, which are 8-connected.
        reach: distance relative to the root of the main pieces' area.

    Returns:
        (H, W): zero on pieces that were dropped. All stay where `previous` is empty.
    """
    count, labels = cv2.connectedComponents((probability >= threshold).astype(np.uint8))
    if count == 1 or not previous.any():
        return probability
    main = _main_pieces(previous)
    distance = cv2.distanceTransform((~main).astype(np.uint8), cv2.DIST_L2, 5)
    near = np.zeros(count, dtype=bool)
    near[np.unique(labels[distance <= reach * math.sqrt(main.sum())])] = True
    near[0] = True  # below the threshold
    return np.where(near[labels], probability, np.float32(0))


def _main_pieces(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    areas[0] = 0  # what is no piece
    return np.asarray((areas >= MAIN_PIECE * areas.max())[labels], np.bool_) & mask


def confident_component(
    probability: NDArray[np.float32], threshold: float, smallest: float
) -> NDArray[np.bool_] | None:
    """The largest component of mean probability 0.8 or more, or None.

    Args:
        probability: (H, W) in [0, 1].
        threshold: pixels at or above it form the components.
        smallest: area below which a component does not count, in pixels.
    """
    mask = (probability >= threshold).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    areas = stats[:, cv2.CC_STAT_AREA]
    # One pass for all components: noise has thousands.
    means = np.bincount(labels.ravel(), weights=probability.ravel()) / areas
    counts = (areas >= max(smallest, 1)) & (means >= REACQUIRE_PROBABILITY)
    counts[0] = False  # below the threshold
    if not counts.any():
        return None
    found: NDArray[np.bool_] = labels == int(np.argmax(np.where(counts, areas, 0)))
    return found
