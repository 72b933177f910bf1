"""What a prediction may be, given the mask before: near it, and connected to it.

A network that was finetuned on one frame also finds things that look like the object. Fed back,
they grow. These filters are the cheap cure of the DAVIS-2017 entries ("component and box filters").
"""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SURROUNDINGS = 0.15
"""Width of the surroundings of a mask, relative to the square root of its area."""


def connected_part(probability: Tensor, mask: Tensor, threshold: float) -> Tensor:
    """Probability without the components that do not touch the surroundings of the mask before.

    Args:
        probability: (H, W) in [0, 1].
        mask: (H, W) in [0, 1], the warped previous probability; not empty at 0.5.
        threshold: pixels at or above it form the components.

    Returns:
        (H, W): 0 at the pixels of the other components, unchanged elsewhere.
    """
    found = (probability >= threshold).cpu().numpy().astype(np.uint8)
    count, labels = cv2.connectedComponents(found)
    if count <= 1:
        return probability
    near = _surroundings((mask >= 0.5).cpu().numpy())
    touching = np.unique(labels[near])
    others = ~np.isin(labels, touching) & (found == 1)
    return probability.masked_fill(torch.from_numpy(others).to(probability.device), 0.0)


def _surroundings(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    radius = max(1, round(SURROUNDINGS * float(np.sqrt(mask.sum()))))
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return cv2.dilate(mask.astype(np.uint8), disk).astype(np.bool_)
