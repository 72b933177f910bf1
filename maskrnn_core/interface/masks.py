"""Label maps from the forms in which masks are given as arrays."""

from collections.abc import Mapping
from numbers import Integral
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.video import VOID, UInt8Array

Masks: TypeAlias = ArrayLike | Mapping[int, ArrayLike]
"""The mask of the first frame, or masks by the number of their frame."""


def masks_by_frame(masks: Masks) -> dict[int, UInt8Array]:
    """Label maps by the number of their frame; errors as for `label_map_of`."""
    given = masks if isinstance(masks, Mapping) else {0: masks}
    if strange := [index for index in given if not isinstance(index, Integral)]:
        raise InvalidInputError(
            f"masks are given by the number of their frame, not by {strange[0]!r}; give whole "
            "numbers from 0 on"
        )
    if not given or min(given) < 0:
        raise InvalidInputError(
            "masks are given by the number of their frame, from 0 on; give one or more"
        )
    return {
        index: label_map_of(mask, f"the mask of frame {index}") for index, mask in given.items()
    }


def label_map_of(mask: ArrayLike, what: str = "the mask") -> UInt8Array:
    """The label map (H, W) that a mask means: 0 background, else the object's id, 255 void.

    Args:
        mask: (H, W) with ids from 1 to 254; (H, W) with truth values, or only 0 and 255, for one
            object; (N, H, W) with truth values for the objects 1 to N. Where objects overlap, a
            pixel belongs to the first.
        what: names it in an error.

    Raises:
        InvalidInputError: another shape or other values, no object, or an object that others
            cover.
    """
    array = np.asarray(mask)
    if array.dtype == bool and array.ndim in (2, 3):
        layers = array[None] if array.ndim == 2 else array
        if len(layers) >= VOID:
            raise InvalidInputError(f"{what} has {len(layers)} objects; at most 254 are followed")
        labels = _combined(layers)
        for number, layer in enumerate(layers, start=1):
            if layer.any() and not (labels == number).any():
                raise InvalidInputError(
                    f"{what} shows nothing of object {number}, which earlier objects cover; put "
                    "it before them, or give each pixel to one object"
                )
    elif array.ndim == 2 and np.issubdtype(array.dtype, np.integer):
        if array.size and not 0 <= int(array.min()) <= int(array.max()) <= VOID:
            raise InvalidInputError(
                f"{what} has values from {array.min()} to {array.max()}; objects are 1 to 254"
            )
        # Without any object, void would mean nothing: so it is black and white.
        only_white = not ((array > 0) & (array < VOID)).any()
        labels = np.where(array == VOID, 1, 0) if only_white else array
    else:
        raise InvalidInputError(
            f"{what} is {array.dtype} {array.shape}; give whole numbers or truth values (height, "
            "width), or truth values (objects, height, width)"
        )
    if not labels.any():
        raise InvalidInputError(f"{what} shows no object; mark its pixels with 1")
    return labels.astype(np.uint8)


def _combined(layers: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The label map of truth values (N, H, W); where they overlap, the first one holds."""
    labels = np.zeros(layers.shape[1:], np.uint8)
    for number in range(len(layers), 0, -1):
        labels[layers[number - 1]] = number
    return labels
