"""Region similarity J: intersection over union of masks."""

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.metrics.masks import BoolArray, check_mask_pair


def region_similarity(annotation: BoolArray, prediction: BoolArray) -> NDArray[np.float64]:
    """J of every frame: ``|P and G| / |P or G|``, and 1 if both masks are empty.

    Takes two boolean arrays (T, H, W) and returns float64 (T,), in [0, 1], for every frame
    (Perazzi et al. 2016, section 4.1). J is symmetric in its arguments.

    Raises:
        InvalidInputError: the arrays are not boolean (T, H, W) or differ in shape.
    """
    check_mask_pair("region_similarity", annotation, prediction)
    values = np.empty(len(annotation), dtype=np.float64)
    for index, (truth, predicted) in enumerate(zip(annotation, prediction, strict=True)):
        intersection = int(np.count_nonzero(truth & predicted))
        union = int(np.count_nonzero(truth | predicted))
        values[index] = ratio_or_one(intersection, union)
    return values


def ratio_or_one(intersection: int, union: int) -> float:
    """J from its counts in pixels; 1 for an empty union."""
    return intersection / union if union else 1.0
