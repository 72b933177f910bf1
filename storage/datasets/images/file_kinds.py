"""The kind of a file by its first bytes, whatever its name, for helpful messages."""

from dataclasses import dataclass
from pathlib import Path

_READ = 512
_SYNC, _PACKETS = 0x47, ((188, 0), (192, 4), (204, 0))
"""MPEG transport streams: sizes of packets, and the position of the sync byte in them."""


@dataclass(frozen=True)
class FileKind:
    """A kind of file.

    Args:
        name: the usual name, with an article.
        group: image, video, archive, array, text or other.
    """

    name: str
    group: str


_IMAGE, _VIDEO, _ARCHIVE, _OTHER = "image", "video", "archive", "other"

_STARTS: tuple[tuple[bytes, FileKind], ...] = (
    (b"\x89PNG", FileKind("a PNG image", _IMAGE)),
    (b"\xff\xd8\xff", FileKind("a JPEG image", _IMAGE)),
    (b"GIF8", FileKind("a GIF", "gif")),
    (b"BM", FileKind("a BMP image", _IMAGE)),
    (b"II*\0", FileKind("a TIFF image", _IMAGE)),
    (b"MM\0*", FileKind("a TIFF image", _IMAGE)),
    (b"8BPS", FileKind("a Photoshop file", _OTHER)),
    (b"gimp xcf", FileKind("a GIMP file", _OTHER)),
    (b"\x1aE\xdf\xa3", FileKind("a Matroska or WebM video", _VIDEO)),
    (b"FLV\x01", FileKind("a Flash video", _VIDEO)),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", FileKind("a Windows Media video", _VIDEO)),
    (b"OggS", FileKind("an Ogg file", _VIDEO)),
    (b"\0\0\x01\xba", FileKind("an MPEG program stream", _VIDEO)),
    (b"\0\0\x01\xb3", FileKind("an MPEG video stream", _VIDEO)),
    (b"\0\0\0\x01", FileKind("a raw H.264 or H.265 stream", _VIDEO)),
    (b"DKIF", FileKind("an IVF video", _VIDEO)),
    (b"YUV4MPEG2", FileKind("a Y4M video", _VIDEO)),
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01", FileKind("an MXF video", _VIDEO)),
    (b"PK\x03\x04", FileKind("a zip archive", _ARCHIVE)),
    (b"PK\x05\x06", FileKind("an empty zip archive", _ARCHIVE)),
    (b"7z\xbc\xaf", FileKind("a 7z archive", _ARCHIVE)),
    (b"Rar!", FileKind("a RAR archive", _ARCHIVE)),
    (b"\x1f\x8b", FileKind("a gzip archive", _ARCHIVE)),
    (b"BZh", FileKind("a bzip2 archive", _ARCHIVE)),
    (b"\xfd7zXZ", FileKind("an xz archive", _ARCHIVE)),
    (b"\x93NUMPY", FileKind("a NumPy array", "array")),
    (b"\x89HDF", FileKind("an HDF5 file", _OTHER)),
    (b"MATLAB", FileKind("a MATLAB file", _OTHER)),
    (b"\x80\x04", FileKind("a Python pickle", _OTHER)),
    (b"\x80\x02", FileKind("a Python pickle", _OTHER)),
    (b"%PDF", FileKind("a PDF", _OTHER)),
)

_RIFF = {
    b"AVI ": FileKind("an AVI video", _VIDEO),
    b"WEBP": FileKind("a WebP image", _IMAGE),
    b"WAVE": FileKind("a WAV sound", _OTHER),
}
_STILL_BRANDS = {b"heic", b"heix", b"mif1", b"avif", b"msf1", b"heim", b"hevc"}
_TEXTS = {
    b"<!doctype html": FileKind("an HTML page", "text"),
    b"<html": FileKind("an HTML page", "text"),
    b"<?xml": FileKind("an XML file", "xml"),
    b"<annotation": FileKind("an XML file", "xml"),
    b"<svg": FileKind("an SVG drawing", "text"),
    b"{": FileKind("a JSON text", "json"),
    b"[": FileKind("a JSON text", "json"),
    b"#extm3u": FileKind("a play list", "text"),
    b"version https://git-lfs": FileKind("a Git LFS pointer, not the file itself", "text"),
}


def file_kind(path: Path) -> FileKind | None:
    """The kind of a file; None if it is unknown or the file is not an ordinary one."""
    try:
        if not path.is_file():  # opening a pipe could block for ever
            return None
        with path.open("rb") as file:
            return kind_of(file.read(_READ))
    except OSError:
        return None


def kind_of(begin: bytes) -> FileKind | None:
    """The kind that the first bytes show; None if it is unknown."""
    if begin[:4] == b"RIFF":
        return _RIFF.get(begin[8:12])
    if begin[4:8] in (b"ftyp", b"moov", b"mdat"):
        if begin[8:12] in _STILL_BRANDS:
            return FileKind("a HEIC or AVIF image", _OTHER)
        return FileKind("an MP4 or MOV video", _VIDEO)
    for start, kind in _STARTS:
        if begin.startswith(start):
            return kind
    for size, offset in _PACKETS:
        if len(begin) > size + offset and begin[offset] == begin[offset + size] == _SYNC:
            return FileKind("an MPEG transport stream", _VIDEO)
    text = begin.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return next((kind for start, kind in _TEXTS.items() if text.startswith(start)), None)
