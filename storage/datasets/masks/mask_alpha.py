"""The alpha channel of a mask image; editors often store the object's shape there."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.datasets.masks.mask_images import MaskImage
from storage.datasets.masks.palette import COLOUR_IDS
from storage.datasets.source import UInt8Array

_FEW_COLOURS = 8
_FLAT_SHARE = 0.95
"""Limits for the opaque pixels: a drawing has a few flat colours, a photograph does not."""


def without_alpha(image: MaskImage) -> tuple[MaskImage, bool]:
    """The image without its alpha channel, and whether the mask was taken from that channel.

    An alpha channel that hides nothing or everything is dropped. Otherwise transparent pixels
    become black. If the visible pixels are not a mask themselves (a single colour that is no id, or
    a photograph), the visible area becomes the mask (mode 1).
    """
    if image.mode not in ("LA", "RGBA"):
        return image, False
    colours, alpha = image.values[..., :-1], image.values[..., -1]
    plain = replace(image, mode=image.mode[:-1], values=_squeezed(colours))
    visible = alpha >= max(1, (int(alpha.max(initial=0)) + 1) // 2)
    if visible.all() or not alpha.any():
        return plain, False
    if _is_drawn(colours[visible]):
        shown = np.where(visible[..., np.newaxis], colours, 0).astype(np.uint8)
        return replace(plain, values=_squeezed(shown)), False
    return MaskImage("1", visible), True


def _squeezed(values: NDArray[Any]) -> UInt8Array:
    plain = values[..., 0] if values.shape[-1] == 1 else values
    return np.ascontiguousarray(plain, dtype=np.uint8)


def _is_drawn(pixels: NDArray[Any]) -> bool:
    """Whether visible pixels (N, channels) show ids or shapes themselves."""
    found, counts = np.unique(pixels, axis=0, return_counts=True)
    if len(found) == 1:
        colour = tuple(int(level) for level in np.broadcast_to(found[0], 3))
        return COLOUR_IDS.get((colour[0], colour[1], colour[2]), 0) != 0
    return bool(np.sort(counts)[-_FEW_COLOURS:].sum() >= _FLAT_SHARE * len(pixels))
