"""Reads image files upright, according to their EXIF orientation."""

import io
import os
from pathlib import Path

from PIL import Image

from storage.datasets.images.image_files import UNREADABLE, image_size, read_frame
from storage.datasets.images.orientation import UPRIGHT, Orientation, oriented
from storage.datasets.source import UInt8Array

OWN_CURE = "Save it again as a PNG or JPEG file of one picture"

_TAG = 0x0112
_SEARCHED = 1 << 16
"""How many bytes at the beginning and the end may contain EXIF data."""
_ORIENTATIONS: dict[int, Orientation] = {
    2: (-1, 0, 0, 1),
    3: (-1, 0, 0, -1),
    4: (1, 0, 0, -1),
    5: (0, 1, 1, 0),
    6: (0, 1, -1, 0),
    7: (0, -1, -1, 0),
    8: (0, -1, 1, 0),
}
"""Orientations by their EXIF value (EXIF 2.3, 4.6.4); 1 is upright."""


def exif_orientation(file: Path | bytes) -> Orientation:
    """How to turn the decoded picture of a file, or of its bytes.

    Pillow and OpenCV already decode TIFF files upright.
    """
    try:
        if not _mentions_exif(file):
            return UPRIGHT
        with Image.open(io.BytesIO(file) if isinstance(file, bytes) else file) as image:
            if image.format == "TIFF":
                return UPRIGHT
            return _ORIENTATIONS.get(image.getexif().get(_TAG, 1), UPRIGHT)
    except (*UNREADABLE, OSError):
        return UPRIGHT  # decoding reports what is wrong


def _mentions_exif(file: Path | bytes) -> bool:
    """Whether the file may contain EXIF data; Pillow would have to decode a PNG to know."""
    if isinstance(file, bytes):
        ends = (file[:_SEARCHED], file[-_SEARCHED:])
    else:
        with file.open("rb") as opened:
            begin = opened.read(_SEARCHED)
            opened.seek(max(0, os.fstat(opened.fileno()).st_size - _SEARCHED))
            ends = (begin, opened.read(_SEARCHED))
    return any(b"exif" in end.lower() for end in ends)


def upright_size(path: Path) -> tuple[int, int]:
    """Height and width, upright; DatasetError as for `image_size`."""
    height, width = image_size(path, OWN_CURE)
    return (height, width) if exif_orientation(path)[0] else (width, height)


def read_upright_frame(path: Path) -> UInt8Array:
    """Frame as uint8 (H, W, 3), RGB, upright; DatasetError as for `read_frame`."""
    frame, orientation = read_frame(path, OWN_CURE), exif_orientation(path)
    return frame if orientation == UPRIGHT else oriented(frame, orientation)
