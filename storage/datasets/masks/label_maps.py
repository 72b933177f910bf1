"""Mask files of every mode in use, read as label maps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.datasets.images.image_files import read_bytes
from storage.datasets.masks.mask_images import MaskImage, decode_grey, decode_mask
from storage.datasets.masks.palette import COLOUR_IDS
from storage.datasets.source import VOID, UInt8Array
from storage.errors import DatasetError

MaskReader = Callable[[Path], UInt8Array]
"""Reads one mask file as a label map."""

_HALF = 128
_COLOUR_MODES = frozenset({"RGB", "RGBA"})


def read_binary_mask(path: Path) -> UInt8Array:
    """Mask of one object as uint8 (H, W): 1 where the object is, else 0.

    Modes 1, L, LA, P (by index), RGB and RGBA. Anything but zero
    is the object, except in an anti-aliased mask (values besides 0, 1 and 255, reaching half or
    more), which is cut at half, 128. Values that all stay below half are object ids.

    Raises:
        DatasetError: when the file is damaged, of another mode, or holds other colours than grey
            and the DAVIS palette.
    """
    return binary_mask_of(read_bytes(path), str(path))


def binary_mask_of(data: bytes, name: str) -> UInt8Array:
    """As `read_binary_mask`, from the bytes of a file; `name` is for messages."""
    image = decode_mask(data, name)
    if image.mode in _COLOUR_MODES:
        colours = image.values[..., :3]
        if bool((colours == colours[..., :1]).all()):
            return _binary(colours[..., 0])
        return _nonzero(_ids_of_colours(colours, name))
    if image.mode == "P":
        return _nonzero(image.values)
    return _binary(_grey(image, name))


def read_half_mask(path: Path) -> UInt8Array:
    """Mask of one object as uint8 (H, W), cut at half: 1 where a grey value is 128 or more.

    All modes are read by their brightness, palettes in colour by index. A mask with no value above
    1 holds the object where it is 1.

    Raises:
        DatasetError: when the file is damaged or of another mode.
    """
    values = decode_grey(read_bytes(path), str(path))
    return np.asarray(values >= (_HALF if values.max(initial=0) > 1 else 1), dtype=np.uint8)


def read_label_map(path: Path) -> UInt8Array:
    """Label map as uint8 (H, W): 0 background, 1..254 object ids, 255 void.

    Modes P (index = id), 1 (object 1), L and LA (value = id), RGB and RGBA in the colours of the
    DAVIS palette.

    Raises:
        DatasetError: when the file is damaged, of another mode, or holds unknown colours.
    """
    return label_map_of(read_bytes(path), str(path))


def label_map_of(data: bytes, name: str, only_object: int | None = None) -> UInt8Array:
    """As `read_label_map`, from the bytes of a file; `name` is for messages.

    With `only_object`, the id of a video's one object, black and white masks are read as well: grey
    ones, or colour images in grey, that reach white (255), soft edges being cut at half.
    """
    image = decode_mask(data, name)
    if only_object is not None and image.mode != "P":
        grey = image.values[..., :1] if image.values.ndim == 3 else image.values
        alike = image.mode not in _COLOUR_MODES or bool((image.values[..., :3] == grey).all())
        if alike and (image.mode == "1" or int(grey.max(initial=0)) == 255):
            return _binary(grey.reshape(image.values.shape[:2])) * np.uint8(only_object)
    if image.mode in _COLOUR_MODES:
        return _ids_of_colours(image.values[..., :3], name)
    return image.values if image.mode == "P" else _grey(image, name)


def object_ids(label_map: UInt8Array | None) -> tuple[int, ...]:
    """Ids in a label map, ascending, without background and void; none without a map."""
    if label_map is None:
        return ()
    return tuple(label for label in _present(label_map) if label not in (0, VOID))


def _present(values: NDArray[Any]) -> list[int]:
    """Values that occur, ascending; a few passes over bytes, much faster than np.unique."""
    left, found = values.tobytes(), []
    while left:
        found.append(left[0])
        left = left.translate(None, left[:1])
    return sorted(found)


def _grey(image: MaskImage, name: str) -> UInt8Array:
    """Channel 0 of a mode without palette and colour; mode 1 becomes 0 and 1."""
    if image.mode not in {"1", "L", "LA"}:
        raise DatasetError(
            f"{name} has mode {image.mode}; masks are read in 8-bit modes (1, L, LA, P, RGB, "
            "RGBA). Save it as an 8-bit PNG."
        )
    values = image.values[..., 0] if image.mode == "LA" else image.values
    return np.ascontiguousarray(values, dtype=np.uint8)


def _nonzero(values: NDArray[Any]) -> UInt8Array:
    mask: UInt8Array = (values != 0).view(np.uint8)
    return mask


def _binary(values: NDArray[Any]) -> UInt8Array:
    top = int(values.max(initial=0))
    if top <= 1:
        return np.ascontiguousarray(values, dtype=np.uint8)
    # adding one turns 255 into 0: whatever is then above 2 was neither 0, 1 nor 255
    antialiased = top >= _HALF and int((values + np.uint8(1)).max()) > 2
    return (values >= _HALF).view(np.uint8) if antialiased else _nonzero(values)


def _ids_of_colours(colours: NDArray[Any], name: str) -> UInt8Array:
    codes = colours.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)
    ids = np.zeros(codes.shape, np.uint8)
    for code in np.unique(codes).tolist():
        colour = (code >> 16, (code >> 8) & 255, code & 255)
        if colour not in COLOUR_IDS:
            row, column = np.argwhere(codes == code)[0].tolist()
            raise DatasetError(
                f"{name} holds colour {colour}, first at row {row}, column {column}, which the "
                "DAVIS palette does not. Save the mask as a palette PNG whose index is the object "
                "id; a black and white mask is read by the dataset davis2016."
            )
        ids[codes == code] = COLOUR_IDS[colour]
    return ids
