"""Mask files of every mode in use, read as label maps."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from storage.datasets.images import open_mask
from storage.datasets.palette import COLOUR_IDS
from storage.datasets.source import VOID, UInt8Array
from storage.errors import DatasetError

MaskReader = Callable[[Path], UInt8Array]
"""Reads one mask file as a label map."""

_HALF = 128


def read_binary_mask(path: Path) -> UInt8Array:
    """Mask of one object as uint8 (H, W): 1 where the object is, else 0.

    Modes 1, L, LA (channel 0), P (by index), RGB and RGBA (alpha is not read). Anything but zero
    is the object, except in an anti-aliased mask (values besides 0, 1 and 255, reaching half or
    more), which is cut at half, 128. Values that all stay below half are object ids.

    Raises:
        DatasetError: when the file is damaged, of another mode, or holds other colours than grey
            and the DAVIS palette.
    """
    image = open_mask(path)
    if image.mode in {"RGB", "RGBA"}:
        colours = _colours(image)
        if bool((colours == colours[..., :1]).all()):
            return _binary(colours[..., 0])
        return _nonzero(_ids_of_colours(colours, path))
    if image.mode == "P":
        return _nonzero(np.asarray(image, dtype=np.uint8))
    return _binary(_grey(image, path))


def read_label_map(path: Path) -> UInt8Array:
    """Label map as uint8 (H, W): 0 background, 1..254 object ids, 255 void.

    Modes P (index = id), 1 (object 1), L and LA (value = id), RGB and RGBA in the colours of the
    DAVIS palette.

    Raises:
        DatasetError: when the file is damaged, of another mode, or holds unknown colours.
    """
    image = open_mask(path)
    if image.mode in {"RGB", "RGBA"}:
        return _ids_of_colours(_colours(image), path)
    if image.mode == "P":
        return np.array(image, dtype=np.uint8)
    return _grey(image, path)


def object_ids(label_map: UInt8Array) -> tuple[int, ...]:
    """Ids in a label map, ascending, without background and void."""
    return tuple(label for label in _present(label_map) if label not in (0, VOID))


def _present(values: UInt8Array) -> list[int]:
    """Values that occur, ascending; a few passes over bytes, much faster than np.unique."""
    left, found = values.tobytes(), []
    while left:
        found.append(left[0])
        left = left.translate(None, left[:1])
    return sorted(found)


def _grey(image: Image.Image, path: Path) -> UInt8Array:
    """Channel 0 of a mode without palette and colour; mode 1 becomes 0 and 1."""
    if image.mode not in {"1", "L", "LA"}:
        raise DatasetError(
            f"{path} has mode {image.mode}; masks are read in 8-bit modes (1, L, LA, P, RGB, "
            "RGBA). Save it as an 8-bit PNG."
        )
    values = np.asarray(image)
    if image.mode == "LA":
        values = values[..., 0]
    return np.array(values, dtype=np.uint8)


def _nonzero(values: NDArray[np.uint8]) -> UInt8Array:
    return np.asarray(values != 0, dtype=np.uint8)


def _binary(values: NDArray[np.uint8]) -> UInt8Array:
    present = _present(values)
    antialiased = present[-1] >= _HALF and not set(present) <= {0, 1, 255}
    return np.asarray(values >= (_HALF if antialiased else 1), dtype=np.uint8)


def _colours(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image)[..., :3]


def _ids_of_colours(colours: NDArray[np.uint8], path: Path) -> UInt8Array:
    codes = colours.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)
    ids = np.zeros(codes.shape, np.uint8)
    for code in np.unique(codes).tolist():
        colour = (code >> 16, (code >> 8) & 255, code & 255)
        if colour not in COLOUR_IDS:
            row, column = np.argwhere(codes == code)[0].tolist()
            raise DatasetError(
                f"{path} holds colour {colour}, first at row {row}, column {column}, which the "
                "DAVIS palette does not. Save the mask as a palette PNG whose index is the object "
                "id; a black and white mask is read by the dataset davis2016."
            )
        ids[codes == code] = COLOUR_IDS[colour]
    return ids
