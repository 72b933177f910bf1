"""The array type of the metrics and its checks."""

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.errors import InvalidInputError

BoolArray = NDArray[np.bool_]


def check_masks(function: str, name: str, masks: BoolArray) -> None:
    """Raise InvalidInputError unless `masks` is a boolean array (T, H, W)."""
    array = np.asanyarray(masks)
    if array.dtype != np.bool_ or array.ndim != 3:
        raise InvalidInputError(
            f"{function} takes {name} as a boolean array (T, H, W), but got {array.dtype} "
            f"of shape {array.shape}; pass `label_maps == object_id`"
        )


def check_mask_pair(function: str, annotation: BoolArray, prediction: BoolArray) -> None:
    """Raise InvalidInputError unless both are boolean arrays (T, H, W) of one shape."""
    check_masks(function, "the annotation", annotation)
    check_masks(function, "the prediction", prediction)
    if annotation.shape != prediction.shape:
        raise InvalidInputError(
            f"{function}: the annotation has shape {annotation.shape}, but the prediction has "
            f"{prediction.shape}; resize the prediction to the annotation's size (nearest)"
        )
