"""Reads image files strictly: a truncated file is an error, not a picture with a grey end."""

import re
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from storage.datasets.images.file_checks import file_fault
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError, MissingDatasetError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})

MOST_PIXELS = 1 << 26
"""Limit for frames and masks; files that declare more are refused before memory is allocated."""

UNREADABLE = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    SyntaxError,
    ValueError,
    Warning,  # for callers that turn warnings into errors
)
"""Errors of Pillow for a file that is not an image, besides OSError."""

_STACKS = ("TIFF", "WEBP")
"""Formats whose further pictures are frames; in other formats they are previews."""

_JPEG = b"\xff\xd8"
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # not a stuffed byte, fill or restart
_RESTORE = "Restore the file from the dataset's archive"


def image_files(folder: Path) -> list[Path]:
    """Image files of a folder by name, without hidden files and other suffixes."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    )


def read_bytes(path: Path, cure: str = _RESTORE) -> bytes:
    """Bytes of an image file.

    Args:
        path: the file.
        cure: what to do about a file that cannot be read.

    Raises:
        MissingDatasetError: the file does not exist.
        DatasetError: the file cannot be read, is empty, is not an ordinary file, or is too large.
    """
    try:
        if fault := file_fault(path):
            raise DatasetError(f"{path} {fault}. {cure}.")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise MissingDatasetError(f"{path} is not there. {cure}.") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}. Check its rights.") from error


def image_fault(data: bytes) -> str | None:
    """Why the bytes are not a complete image file, or None; pixels are not decoded.

    JPEG: the chain of segments must reach the end marker. PNG: the checksum of every chunk up to
    IEND must hold. WebP: the length must be that of the header. Other formats are checked when they
    are decoded.
    """
    if not data:
        return "is empty (0 bytes)"
    if data.startswith(_JPEG):
        return None if _jpeg_ends(data) else f"is a truncated JPEG ({len(data)} bytes)"
    if data.startswith(_PNG):
        return _png_fault(data)
    if data.startswith(b"RIFF") and int.from_bytes(data[4:8], "little") + 8 > len(data):
        return f"is a truncated WebP file ({len(data)} bytes)"
    return None


def image_size(path: Path, cure: str = _RESTORE) -> tuple[int, int]:
    """Height and width from the header.

    Args:
        path: the file.
        cure: what to do about a file that cannot be read.

    Raises:
        DatasetError: the header cannot be read or declares more than `MOST_PIXELS`, or the file
            holds several pictures.
    """
    found = size_or_fault(path)
    if isinstance(found, str):
        raise DatasetError(f"{path} {found}. {cure}.")
    return found


def size_or_fault(path: Path) -> tuple[int, int] | str:
    """As `image_size`, but returns what is wrong with the file."""
    try:
        if fault := file_fault(path):
            return fault
        with Image.open(path) as image:
            width, height = image.size
            pictures = getattr(image, "n_frames", 1) if image.format in _STACKS else 1
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return f"declares too large a size; at most {MOST_PIXELS} pixels are read"
    except (*UNREADABLE, OSError):
        return "is not a readable image"
    if pictures > 1:
        return f"holds {pictures} pictures, and one per file is read"
    return size_fault(height, width) or (height, width)


def size_fault(height: int, width: int) -> str | None:
    """What is wrong with a declared size, or None."""
    if height * width <= MOST_PIXELS:
        return None
    return f"declares {width}x{height} pixels; at most {MOST_PIXELS} are read"


def read_frame(path: Path, cure: str = _RESTORE) -> UInt8Array:
    """Frame as uint8 (H, W, 3), RGB; ignores EXIF orientation, because data sets have none.

    Args:
        path: the file.
        cure: what to do about a file that cannot be read.

    Raises:
        DatasetError: the file is missing, truncated or not an image.
    """
    data = read_whole_image(path, cure)
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        image = None
    if image is None:
        raise DatasetError(f"{path} cannot be decoded. {cure}.")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def read_whole_image(path: Path, cure: str = _RESTORE) -> bytes:
    """Bytes of an image file that is not truncated; errors as for `read_frame`."""
    data = read_bytes(path, cure)
    if fault := image_fault(data):
        raise DatasetError(f"{path} {fault}. {cure}.")
    return data


def _jpeg_ends(data: bytes) -> bool:
    position = 2
    while position + 1 < len(data):
        if data[position] != 0xFF:
            return False
        marker = data[position + 1]
        if marker == 0xD9:  # end of image
            return True
        if marker == 0xFF:  # fill
            position += 1
            continue
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if marker == 0xDA:  # start of scan: entropy-coded bytes up to the next marker
            found = _JPEG_MARKER.search(data, position)
            if found is None:
                return False
            position = found.start()
    return False


def _png_fault(data: bytes) -> str | None:
    position = len(_PNG)
    while position + 12 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        end = position + 12 + length
        if end > len(data):
            break
        kind = data[position + 4 : position + 8]
        if zlib.crc32(data[position + 4 : end - 4]).to_bytes(4, "big") != data[end - 4 : end]:
            return f"is a damaged PNG (chunk {kind!r} fails its checksum)"
        if kind == b"IEND":
            return None
        position = end
    return f"is a truncated PNG ({len(data)} bytes)"
