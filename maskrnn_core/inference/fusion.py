"""Fusion of the objects' probabilities into a label map by arg max (section 3.2)."""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def fuse(
    probabilities: Iterable[tuple[int, Tensor]], size: tuple[int, int], threshold: float
) -> NDArray[np.uint8]:
    """Label of the most probable object where it reaches the threshold, 0 elsewhere.

    Args:
        probabilities: (object id, (H, W) in [0, 1]) by ascending id; ties go to the lowest id.
            One is held at a time.
        size: height and width, for the case of no object.
        threshold: smallest probability that makes a pixel foreground.

    Returns:
        Label map, uint8 (H, W).
    """
    best: Tensor | None = None
    labels: Tensor | None = None
    for object_id, probability in probabilities:
        if best is None or labels is None:
            best = torch.full_like(probability, -1.0)
            labels = torch.zeros_like(probability, dtype=torch.uint8)
        wins = (probability > best) & (probability >= threshold)
        labels = labels.masked_fill(wins, object_id)
        best = torch.maximum(best, probability)
    if labels is None:
        return np.zeros(size, dtype=np.uint8)
    result: NDArray[np.uint8] = labels.cpu().numpy()
    return result
