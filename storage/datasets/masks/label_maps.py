"""Reads mask files in all usual image modes as label maps."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.datasets.images.image_files import read_bytes
from storage.datasets.masks.mask_alpha import without_alpha
from storage.datasets.masks.mask_images import MaskImage, decode_grey, decode_mask
from storage.datasets.masks.mask_palettes import ids_of_indices, present
from storage.datasets.masks.palette import COLOUR_IDS
from storage.datasets.source import VOID, UInt8Array
from storage.errors import DatasetError, LossyMaskError

MaskReader = Callable[[Path], UInt8Array]
"""Reads one mask file as a label map."""

_HALF = 128
_MOST_COLOURS = 256
_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA"})


def read_binary_mask(path: Path) -> UInt8Array:
    """Mask of one object as uint8 (H, W): 1 for the object, otherwise 0.

    Reads modes 1, L, LA, P, RGB and RGBA through `plain_mask`. All values except 0 are the object.
    An anti-aliased mask, with values besides 0, 1 and 255 of which some are 128 or more, is cut at
    128 instead. If all values are below 128, they are object ids.

    Raises:
        DatasetError: the file is damaged, has another mode, or has colours besides grey and the
            DAVIS palette.
    """
    return binary_mask_of(read_bytes(path), str(path))


def binary_mask_of(data: bytes, name: str) -> UInt8Array:
    """As `read_binary_mask`, from the bytes of a file; `name` is for messages."""
    image = plain_mask(data, name)
    if image.mode == "P":
        return _nonzero(image.values)
    if not is_grey(image):
        return _nonzero(_ids_of_colours(image.values, name))
    levels = grey_levels(image)
    if image.lossy and int(levels.max(initial=0)) < _HALF:
        raise LossyMaskError(lossy_message(name))
    return _binary(levels)


def read_half_mask(path: Path) -> UInt8Array:
    """Mask of one object as uint8 (H, W), cut at half: 1 where the grey value is 128 or more.

    All modes are read by brightness, and coloured palettes by index. In a mask without values above
    1, 1 is the object.

    Raises:
        DatasetError: the file is damaged or has another mode.
    """
    values = decode_grey(read_bytes(path), str(path))
    return np.asarray(values >= (_HALF if values.max(initial=0) > 1 else 1), dtype=np.uint8)


def read_label_map(path: Path) -> UInt8Array:
    """Label map as uint8 (H, W): 0 background, 1..254 object ids, 255 void.

    Reads modes P (index = id), 1 (object 1), L and LA (value = id), and RGB and RGBA in the colours
    of the DAVIS palette.

    Raises:
        DatasetError: the file is damaged, has another mode, or has unknown colours.
    """
    return label_map_of(read_bytes(path), str(path))


def label_map_of(data: bytes, name: str, only_object: int | None = None) -> UInt8Array:
    """As `read_label_map`, from the bytes of a file; `name` is for messages.

    `only_object` is the id of a video's only object. With it, black and white masks are read as
    well: grey masks, or colour images in grey, that reach white (255). Soft edges are cut at half.
    """
    image = plain_mask(data, name)
    if only_object is not None and image.mode != "P" and is_grey(image):
        levels = grey_levels(image)
        if image.mode == "1" or int(levels.max(initial=0)) >= (_HALF if image.lossy else 255):
            return _binary(levels) * np.uint8(only_object)
    if image.lossy:
        raise LossyMaskError(lossy_message(name))
    return label_map_of_plain(image, name)


def label_map_of_plain(image: MaskImage, name: str) -> UInt8Array:
    """Label map of a decoded image without alpha: its values, or the ids of its colours."""
    if image.mode == "RGB":
        return _ids_of_colours(image.values, name)
    return np.ascontiguousarray(image.values, dtype=np.uint8)


def plain_mask(data: bytes, name: str) -> MaskImage:
    """A mask file in mode 1, L, P (values are ids, not indices) or RGB; alpha is resolved.

    Raises:
        DatasetError: the bytes are damaged, have another mode, or have a palette that does not show
            the ids.
    """
    image = decode_mask(data, name)
    check_mode(image, name)
    if image.mode == "P":
        return replace(image, values=ids_of_indices(image.values, image.palette, name))
    return without_alpha(image)[0]


def check_mode(image: MaskImage, name: str) -> None:
    """Refuse modes that are not supported for masks, such as 16 bits; DatasetError."""
    if image.mode not in _MODES:
        raise DatasetError(
            f"{name} has mode {image.mode}; masks are read in 8-bit modes (1, L, LA, P, RGB, "
            "RGBA). Save it as an 8-bit PNG."
        )


def is_grey(image: MaskImage) -> bool:
    """Whether an image without alpha and palette has only grey levels."""
    values = image.values
    return values.ndim == 2 or bool((values == values[..., :1]).all())


def grey_levels(image: MaskImage) -> UInt8Array:
    """Levels of an image for which `is_grey` holds, uint8 (H, W); mode 1 becomes 0 and 1."""
    values = image.values[..., 0] if image.values.ndim == 3 else image.values
    return np.ascontiguousarray(values, dtype=np.uint8)


def lossy_message(name: str) -> str:
    """Why a lossy file is refused as a label map."""
    return (
        f"{name} is a JPEG or another lossy file, whose grey levels and colours are not those that "
        "were drawn, so it cannot hold object ids. Save the mask as a PNG; one object may also be "
        "a JPEG in black and white."
    )


def object_ids(label_map: UInt8Array | None) -> tuple[int, ...]:
    """Ids in a label map, ascending, without background and void; empty for None."""
    if label_map is None:
        return ()
    return tuple(label for label in present(label_map) if label not in (0, VOID))


def _nonzero(values: NDArray[Any]) -> UInt8Array:
    mask: UInt8Array = (values != 0).view(np.uint8)
    return mask


def _binary(values: NDArray[Any]) -> UInt8Array:
    top = int(values.max(initial=0))
    if top <= 1:
        return np.ascontiguousarray(values, dtype=np.uint8)
    # Adding one turns 255 into 0, so a result above 2 means a value besides 0, 1 and 255.
    antialiased = top >= _HALF and int((values + np.uint8(1)).max()) > 2
    return (values >= _HALF).view(np.uint8) if antialiased else _nonzero(values)


def _ids_of_colours(colours: NDArray[Any], name: str) -> UInt8Array:
    codes = colours.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)
    ids = np.zeros(codes.shape, np.uint8)
    found = np.unique(codes).tolist()
    if len(found) > _MOST_COLOURS:
        raise DatasetError(
            f"{name} holds {len(found)} different colours, as a photograph does, or a mask after "
            "JPEG compression or with smooth edges: they cannot be object ids. Save the mask as a "
            "palette PNG whose index is the object id, or in black and white for one object."
        )
    for code in found:
        colour = (code >> 16, (code >> 8) & 255, code & 255)
        if colour not in COLOUR_IDS:
            row, column = np.argwhere(codes == code)[0].tolist()
            raise DatasetError(
                f"{name} has the colour {colour}, first at row {row}, column {column}, which the "
                "DAVIS palette does not. Save the mask as a palette PNG whose index is the object "
                "id, or in black and white for one object."
            )
        ids[codes == code] = COLOUR_IDS[colour]
    return ids
