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
        wins = probability >= threshold
        if labels is None:
            best, labels = probability, _labelled(wins, object_id)
            continue
        wins = wins & (probability > best)
        best = probability.clip(min=best)
        if isinstance(labels, np.ndarray):
            labels[wins] = object_id
        else:
            labels.masked_fill_(wins, object_id)  # far faster than an index of truth values
    return np.zeros(size, dtype=np.uint8) if labels is None else on_host(labels)


def _labelled(wins: Any, object_id: int) -> Any:
    """The label where it wins, 0 elsewhere: an array or a tensor of uint8."""
    if isinstance(wins, np.ndarray):
        return wins * np.uint8(object_id)
    return wins.byte() * object_id
