"""Decodes mask files with their mode, with a fast path for the usual PNG masks."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from storage.datasets.images.image_files import UNREADABLE, image_fault, size_fault
from storage.datasets.masks.mask_palettes import PaletteArray
from storage.datasets.png.png_masks import decode_png
from storage.errors import DatasetError

_RESTORE = "Restore the file from the dataset's archive"
_KNOWN_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"


@dataclass(frozen=True, eq=False)
class MaskImage:
    """Pixels as stored in the file.

    Args:
        mode: Pillow's name: 1, L, LA, P, RGB, RGBA, or another mode that is wrong for masks.
        values: (H, W) or (H, W, channels); indices in mode P, 0 and 1 in mode 1.
        palette: colours of the indices in mode P.
        lossy: whether the file's format changes levels and colours, as JPEG does.
    """

    mode: str
    values: NDArray[Any]
    palette: PaletteArray | None = None
    lossy: bool = False


def decode_mask(data: bytes, name: str, cure: str = _RESTORE) -> MaskImage:
    """Decode a mask file; `name` and `cure` (what to do if it is damaged) are for messages.

    Raises:
        DatasetError: the bytes are truncated, damaged or not an image.
    """
    if fault := image_fault(data):
        raise DatasetError(f"{name} {fault}. {cure}.")
    mode = _fast_mode(data)
    try:
        if mode is not None:
            return MaskImage(mode, decode_png(data), _png_palette(data) if mode == "P" else None)
        with Image.open(io.BytesIO(data)) as image:
            if fault := size_fault(image.height, image.width):
                raise DatasetError(fault)
            lossy = data.startswith(_JPEG) or _is_vp8(data)
            return MaskImage(image.mode, np.array(image), _palette(image), lossy)
    except (*UNREADABLE, OSError) as error:
        raise DatasetError(f"{name} cannot be decoded ({error}). {cure}.") from error


def decode_grey(data: bytes, name: str) -> NDArray[np.uint8]:
    """Brightness of a mask file as uint8 (H, W); uses its palette if that is grey.

    With a coloured palette, brightness has no meaning, so pixels are 255 if their index is not 0.

    Raises:
        DatasetError: as `decode_mask`, or the mode has more than 8 bits.
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
    """Mode of a PNG that `decode_png` supports (grey or palette, up to 8 bits), otherwise None."""
    if not data.startswith(_PNG) or len(data) < 29 or data[12:16] != b"IHDR":
        return None
    depth, colour, interlaced = data[24], data[25], data[28]
    if interlaced or depth > 8 or colour not in (0, 3):
        return None
    if colour == 3:
        return "P"
    return "1" if depth == 1 else "L"


def _png_palette(data: bytes) -> PaletteArray | None:
    """Palette of a PNG file, with the alpha values of its tRNS chunk."""
    colours = alpha = b""
    position = len(_PNG)
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        kind = data[position + 4 : position + 8]
        if kind == b"IDAT":
            break
        if kind == b"PLTE":
            colours = data[position + 8 : position + 8 + length]
        if kind == b"tRNS":
            alpha = data[position + 8 : position + 8 + length]
        position += 12 + length
    count = len(colours) // 3
    if not count:
        return None
    palette = np.full((count, 4), 255, np.uint8)
    palette[:, :3] = np.frombuffer(colours[: 3 * count], np.uint8).reshape(count, 3)
    palette[: len(alpha), 3] = np.frombuffer(alpha[:count], np.uint8)
    return palette


def _palette(image: Image.Image) -> PaletteArray | None:
    colours = image.getpalette("RGB") if image.mode == "P" else None
    if not colours:
        return None
    palette = np.full((len(colours) // 3, 4), 255, np.uint8)
    palette[:, :3] = np.array(colours, np.uint8).reshape(-1, 3)
    clear = image.info.get("transparency")
    if isinstance(clear, int) and clear < len(palette):
        palette[clear, 3] = 0
    return palette


def _is_vp8(data: bytes) -> bool:
    """Whether a WebP file is lossy."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP" and b"VP8 " in data[12:64]
