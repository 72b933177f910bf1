"""Fusion of the objects' probabilities into a label map by arg max (section 3.2)."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.inference.state import ProbabilityMap, on_host


def fuse(
    probabilities: Iterable[tuple[int, ProbabilityMap]], size: tuple[int, int], threshold: float
) -> NDArray[np.uint8]:
    """Label of the most probable object where it reaches the threshold, 0 elsewhere.

    Args:
        probabilities: (object id, (H, W) in [0, 1]) by ascending id, all tensors or all arrays;
            ties go to the lowest id. One is held at a time.
        size: height and width, for the case of no object.
        threshold: smallest probability that makes a pixel foreground.

    Returns:
        Label map, uint8 (H, W).
    """
    best: Any = None
    labels: Any = None
    for object_id, probability in probabilities:
        if labels is None:
            best, labels = probability * 0 - 1, _no_labels(probability)
        wins = (probability > best) & (probability >= threshold)
        labels[wins] = object_id
        best = probability.clip(min=best)
    return np.zeros(size, dtype=np.uint8) if labels is None else on_host(labels)


def _no_labels(probability: ProbabilityMap) -> Any:
    """Zeros of uint8 beside a map: an array, or a tensor on its device."""
    if isinstance(probability, np.ndarray):
        return np.zeros(probability.shape, np.uint8)
    return probability.new_zeros(probability.shape).byte()
