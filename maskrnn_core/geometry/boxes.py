"""Boxes as xyxy, half open, in float pixels; box deltas as in Fast R-CNN without its "+1"."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Box = NDArray[np.float32]

DELTA_STD = np.array([0.1, 0.1, 0.2, 0.2], dtype=np.float32)
"""Standard deviations by which (dx, dy, dw, dh) are normalised (Fast R-CNN, section 2.3)."""
MAX_LOG_SCALE = math.log(1000 / 16)


def mask_box(mask: NDArray[np.bool_]) -> Box | None:
    """Tight box of a boolean mask (H, W), or None if no pixel is set."""
    columns = np.flatnonzero(mask.any(axis=0))
    rows = np.flatnonzero(mask.any(axis=1))
    if columns.size == 0:
        return None
    edges = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    return np.array(edges, dtype=np.float32)


def proposal_box(
    probability: NDArray[np.float32], threshold: float = 0.5, smallest: float = 0.01
) -> Box | None:
    """Proposal of the localization net: box of the warped mask (section 3.3).

    Args:
        probability: (H, W) in [0, 1].
        threshold: pixels at or above it belong to the mask.
        smallest: 8-connected components below this share of the mask's area are dropped, unless
            none is as large.

    Returns:
        The tight box of the remaining components, or None for an empty mask.
    """
    mask = probability >= threshold
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count <= 2:
        return mask_box(mask)
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    keep = areas >= min(smallest * areas.sum(), areas.max())
    keep[0] = False
    return mask_box(keep[labels])


def enlarge_box(box: Box, factor: float, size: tuple[int, int]) -> Box:
    """Box scaled about its centre in width and height, clipped to the frame (height, width)."""
    half_width = (box[2] - box[0]) * factor / 2
    half_height = (box[3] - box[1]) * factor / 2
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return clip_box(
        np.array([x - half_width, y - half_height, x + half_width, y + half_height], np.float32),
        size,
    )


def clip_box(box: Box, size: tuple[int, int]) -> Box:
    """Box clipped to the frame (height, width)."""
    height, width = size
    limits = np.array([width, height, width, height], dtype=np.float32)
    return np.clip(box, 0, limits).astype(np.float32)


def box_iou(first: Box, second: Box) -> float:
    """Intersection over union of two boxes, in [0, 1]; 0 if both are empty."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    intersection = max(float(width), 0.0) * max(float(height), 0.0)
    union = _area(first) + _area(second) - intersection
    return intersection / union if union > 0 else 0.0


def _area(box: Box) -> float:
    return max(float(box[2] - box[0]), 0.0) * max(float(box[3] - box[1]), 0.0)


def _centre_size(box: Box) -> tuple[float, float, float, float]:
    width, height = float(box[2] - box[0]), float(box[3] - box[1])
    return float(box[0]) + width / 2, float(box[1]) + height / 2, width, height


def encode_box(proposal: Box, target: Box) -> NDArray[np.float32]:
    """Normalised deltas (dx, dy, dw, dh) that transform the proposal into the target.

    Both boxes must have positive width and height.
    """
    px, py, pw, ph = _centre_size(proposal)
    tx, ty, tw, th = _centre_size(target)
    deltas = ((tx - px) / pw, (ty - py) / ph, math.log(tw / pw), math.log(th / ph))
    return (np.array(deltas, dtype=np.float32) / DELTA_STD).astype(np.float32)


def decode_box(proposal: Box, deltas: NDArray[np.float32]) -> Box:
    """Inverse of `encode_box`; logarithms of scale are clamped to +-log(1000 / 16)."""
    px, py, pw, ph = _centre_size(proposal)
    dx, dy, dw, dh = (float(value) for value in deltas * DELTA_STD)
    x, y = px + dx * pw, py + dy * ph
    width = pw * math.exp(max(-MAX_LOG_SCALE, min(dw, MAX_LOG_SCALE)))
    height = ph * math.exp(max(-MAX_LOG_SCALE, min(dh, MAX_LOG_SCALE)))
    return np.array(
        [x - width / 2, y - height / 2, x + width / 2, y + height / 2], dtype=np.float32
    )
