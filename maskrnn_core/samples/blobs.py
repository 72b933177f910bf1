"""Random blobs on an object: what hides a part of it, or lets a part look otherwise."""

import cv2
import numpy as np
from numpy.typing import NDArray

from maskrnn_core.geometry.boxes import mask_box


def ellipse_on(
    mask: NDArray[np.bool_], rng: np.random.Generator, radii: tuple[float, float]
) -> NDArray[np.bool_]:
    """A filled ellipse (H, W) around a random pixel of a mask; empty where the mask is.

    Args:
        mask: (H, W).
        rng: source of randomness.
        radii: smallest and largest radius, relative to the sides of the mask's box.
    """
    drawn = np.zeros(mask.shape, dtype=np.uint8)
    box = mask_box(mask)
    if box is None:
        return drawn.astype(bool)
    rows, columns = np.nonzero(mask)
    place = rng.integers(rows.size)
    extent = (box[2:] - box[:2]).astype(np.float64)
    axes = np.maximum(extent * rng.uniform(*radii, 2), 1).round().astype(int)
    centre = (int(columns[place]), int(rows[place]))
    angle = float(rng.uniform(0, 180))
    cv2.ellipse(drawn, centre, (int(axes[0]), int(axes[1])), angle, 0, 360, 1, cv2.FILLED)
    return drawn.astype(bool)
