"""Quality of flow: consistency of both directions, and error against a reference."""

import cv2
import numpy as np
from numpy.typing import NDArray

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.video import FloatArray

BoolArray = NDArray[np.bool_]


def inconsistent_pixels(forward: FloatArray, backward: FloatArray) -> BoolArray:
    """Pixels that forward and then backward flow do not bring back: mostly occlusions.

    Let b = backward(p + forward(p)), sampled bilinearly. A pixel p is inconsistent if
    |forward + b|^2 > 0.01 (|forward|^2 + |b|^2) + 0.5 (Sundaram et al., ECCV 2010). It is also
    inconsistent if p + forward(p) lies outside the frame, where nothing can confirm it.

    Args:
        forward: flow[1 -> 2], float32 (H, W, 2), (dx, dy) in pixels.
        backward: flow[2 -> 1], the same shape.

    Returns:
        bool (H, W) on the grid of frame 1.

    Raises:
        InvalidInputError: the shapes are others.
    """
    _check_flows(forward, backward)
    height, width = forward.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    x, y = x + forward[..., 0], y + forward[..., 1]
    outside = ~((x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1))
    back = cv2.remap(backward, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    gap = ((forward + back) ** 2).sum(axis=2)
    scale = (forward**2).sum(axis=2) + (back**2).sum(axis=2)
    return np.asarray((gap > 0.01 * scale + 0.5) | outside, np.bool_)


def inconsistent_share(forward: FloatArray, backward: FloatArray) -> float:
    """Share (0..1) of `inconsistent_pixels`."""
    return float(inconsistent_pixels(forward, backward).mean())


def endpoint_error(
    flow: FloatArray, reference: FloatArray, valid: BoolArray | None = None
) -> float:
    """Mean Euclidean distance in pixels between two flows (Baker et al., IJCV 2011).

    Args:
        flow: float32 (H, W, 2).
        reference: the true flow, the same shape.
        valid: bool (H, W), the pixels that count. None: all pixels.

    Raises:
        InvalidInputError: the shapes are others, or no pixel counts.
    """
    _check_flows(flow, reference)
    error = np.sqrt(((flow.astype(np.float64) - reference) ** 2).sum(axis=2))
    if valid is None:
        return float(error.mean())
    if valid.shape != error.shape or valid.dtype != np.bool_ or not valid.any():
        raise InvalidInputError(
            f"the valid mask is {valid.dtype} {valid.shape} with {int(valid.sum())} pixels set:"
            f" it must be bool {error.shape} and leave at least one pixel"
        )
    return float(error[valid].mean())


def _check_flows(first: FloatArray, second: FloatArray) -> None:
    if first.ndim != 3 or first.shape[2] != 2 or first.shape != second.shape or not first.size:
        raise InvalidInputError(
            f"flows of shape {first.shape} and {second.shape}: both must be the same (H, W, 2)"
        )
