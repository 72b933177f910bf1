"""Mask files decoded, with their mode; the usual PNG masks take a fast way."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from storage.datasets.images.image_files import UNREADABLE, image_fault, size_fault
from storage.datasets.png.png_masks import decode_png
from storage.errors import DatasetError

_RESTORE = "Restore the file from the dataset's archive"
_KNOWN_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")
_OPAQUE = 128
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, eq=False)
class MaskImage:
    """Pixels as stored.

    Args:
        mode: Pillow's name: 1, L, LA, P, RGB, RGBA or another that masks should not have.
        values: (H, W) or (H, W, channels); indices in mode P, 0 and 1 in mode 1.
    """

    mode: str
    values: NDArray[Any]


def decode_mask(data: bytes, name: str) -> MaskImage:
    """Decode a mask file; `name` is for messages.

    Raises:
        DatasetError: when the bytes are truncated, damaged or not an image, or when colours and
            alpha channel are different masks.
    """
    if fault := image_fault(data):
        raise DatasetError(f"{name} {fault}. {_RESTORE}.")
    mode = _fast_mode(data)
    try:
        if mode is not None:
            return MaskImage(mode, decode_png(data))
        with Image.open(io.BytesIO(data)) as image:
            if fault := size_fault(image.height, image.width):
                raise DatasetError(fault)
            decoded = MaskImage(image.mode, np.array(image))
    except (*UNREADABLE, OSError) as error:
        raise DatasetError(f"{name} cannot be decoded ({error}). {_RESTORE}.") from error
    return _shape_of_alpha(decoded, name) if decoded.mode in ("LA", "RGBA") else decoded


def _shape_of_alpha(image: MaskImage, name: str) -> MaskImage:
    """The mask as it is, or that of the alpha channel where only this holds a shape (mode 1).

    Raises:
        DatasetError: for colours under transparent pixels, of which nobody can tell whether they
            count.
    """
    colours, alpha = image.values[..., :-1], image.values[..., -1]
    if not alpha.size or (alpha == alpha.flat[0]).all():
        return image
    opaque = alpha >= _OPAQUE
    if (colours == colours[0, 0]).all():
        return MaskImage("1", opaque)
    if colours[~opaque].any():
        raise DatasetError(
            f"{name} has colours under its transparent pixels, so colours and alpha channel are "
            "different masks. Save it without an alpha channel."
        )
    return image


def decode_grey(data: bytes, name: str) -> NDArray[np.uint8]:
    """Brightness of a mask file as uint8 (H, W), through its palette if it has one of greys.

    A palette in colour gives 255 where the index is not 0, for there brightness means nothing.

    Raises:
        DatasetError: as `decode_mask`, and for modes of more than 8 bits.
    """
    mask = decode_mask(data, name)
    if mask.mode not in _KNOWN_MODES:
        raise DatasetError(
            f"{name} has mode {mask.mode}; masks are read in 8-bit modes ({', '.join(_KNOWN_MODES)}"
            "). Save it as an 8-bit PNG."
        )
    if mask.mode in ("1", "L", "LA"):
        values = mask.values[..., 0] if mask.mode == "LA" else mask.values
        return np.asarray(values, dtype=np.uint8)
    with Image.open(io.BytesIO(data)) as image:
        colours = np.asarray(image.convert("RGB"))
    if mask.mode == "P" and not bool((colours == colours[..., :1]).all()):
        return np.where(mask.values != 0, 255, 0).astype(np.uint8)
    return np.asarray(Image.fromarray(colours).convert("L"), dtype=np.uint8)


def _fast_mode(data: bytes) -> str | None:
    """Mode of a PNG that `decode_png` decodes by itself: grey or palette, up to 8 bits."""
    if not data.startswith(_PNG) or len(data) < 29 or data[12:16] != b"IHDR":
        return None
    depth, colour, interlaced = data[24], data[25], data[28]
    if interlaced or depth > 8 or colour not in (0, 3):
        return None
    if colour == 3:
        return "P"
    return "1" if depth == 1 else "L"
