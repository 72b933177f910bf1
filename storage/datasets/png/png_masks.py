"""Mask PNGs, decoded fast: grey or palette images of up to 8 bits; other images go to Pillow."""

import functools
import io
import struct
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from zlib_ng import zlib_ng

from storage.errors import DatasetError

UInt8Array = NDArray[np.uint8]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _PALETTE = 0, 3
_MOST_PIXELS = 1 << 26

_DAMAGED = cast(type[Exception], zlib_ng.error)  # its stub declares an instance


def decode_png(data: bytes) -> NDArray[Any]:
    """Pixels of a PNG file as Pillow gives them, `numpy.asarray(PIL.Image.open(file))`.

    Palette images give indices, uint8 (H, W); grey ones of up to 8 bits their values, scaled to
    0..255 for 2 and 4 bits; 1-bit grey ones 0 and 1 as uint8 (Pillow: bool). These take the fast
    way; interlaced, 16-bit and colour images are decoded by Pillow, in its shape and type.

    Raises:
        DatasetError: for bytes that are not a whole PNG file, fail a checksum, or do not hold as
            many pixels as the header says; the message does not know the file's name.
    """
    header, packed = _parse(data)
    if header.width * header.height > _MOST_PIXELS:
        raise DatasetError(
            f"a PNG that declares {header.width}x{header.height} pixels; at most {_MOST_PIXELS} "
            "are read"
        )
    if not header.is_fast:
        return _by_pillow(data)
    return _unpack(header, packed)


@dataclass(frozen=True)
class _Header:
    width: int
    height: int
    depth: int
    colour: int
    interlaced: int

    @property
    def is_fast(self) -> bool:
        known = self.colour in (_GREY, _PALETTE) and self.depth <= 8
        return known and not self.interlaced

    @property
    def row_bytes(self) -> int:
        return (self.width * self.depth + 7) // 8


def _parse(data: bytes) -> tuple[_Header, bytes]:
    """Header and compressed pixels; the checksum of every chunk is tested."""
    if not data.startswith(_SIGNATURE):
        raise DatasetError(f"not a PNG file ({len(data)} bytes); restore it from its archive")
    header: _Header | None = None
    parts: list[bytes] = []
    position = len(_SIGNATURE)
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        end = position + 12 + length
        if end > len(data):
            break
        kind = data[position + 4 : position + 8]
        (checksum,) = struct.unpack_from(">I", data, end - 4)
        if zlib_ng.crc32(data[position + 4 : end - 4]) != checksum:
            raise DatasetError(f"a damaged PNG: chunk {kind!r} fails its checksum; restore it")
        if kind == b"IHDR" and length == 13:
            width, height, depth, colour, _, _, interlaced = struct.unpack_from(
                ">IIBBBBB", data, position + 8
            )
            header = _Header(width, height, depth, colour, interlaced)
        elif kind == b"IDAT":
            parts.append(data[position + 8 : end - 4])
        elif kind == b"IEND":
            if header is None or not parts or not header.width or not header.height:
                raise DatasetError("a PNG without header or pixels; restore it from its archive")
            return header, b"".join(parts)
        position = end
    raise DatasetError(f"a truncated PNG ({len(data)} bytes); restore it from its archive")


def _unpack(header: _Header, packed: bytes) -> UInt8Array:
    from storage.datasets.png import png_rows

    raw = _filtered_rows(header, packed)
    rows = np.empty((header.height, header.row_bytes), dtype=np.uint8)
    if png_rows.unfilter(raw, rows) < 0:
        raise DatasetError("a damaged PNG: unknown row filter; restore it from its archive")
    if header.depth == 8:
        return rows
    if header.depth == 1:
        return np.unpackbits(rows, axis=1, count=header.width)
    pixels = _samples_of_bytes(header.depth, header.colour == _GREY)[rows].view(np.uint8)
    return np.ascontiguousarray(pixels[:, : header.width])


def _filtered_rows(header: _Header, packed: bytes) -> UInt8Array:
    """The decompressed rows, uint8 (H, 1 + bytes): the filter of each row comes first."""
    shape = header.height, 1 + header.row_bytes
    size = shape[0] * shape[1]
    unpacker = zlib_ng.decompressobj()
    try:
        # One byte more than is due, to notice a longer stream and to read its checksum.
        raw = unpacker.decompress(packed, size + 1)
    except _DAMAGED:
        raw = b""
    if len(raw) != size or not unpacker.eof:
        raise DatasetError("a damaged PNG: its pixels do not unpack; restore it from its archive")
    return np.frombuffer(raw, np.uint8).reshape(shape)


@functools.cache
def _samples_of_bytes(depth: int, scaled: bool) -> NDArray[Any]:
    """For every byte the two or four samples in it, as the bytes of one number, shape (256,)."""
    shifts = np.arange(8 - depth, -1, -depth)
    most = (1 << depth) - 1
    samples = (np.arange(256)[:, np.newaxis] >> shifts) & most
    samples = samples * (255 // most) if scaled else samples
    return samples.astype(np.uint8).view(np.uint32 if depth == 2 else np.uint16)[:, 0]


def _by_pillow(data: bytes) -> NDArray[Any]:
    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Warning) as error:
        raise DatasetError(f"a PNG that cannot be decoded ({error}); restore it") from error
