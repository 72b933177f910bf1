import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from storage.datasets.png.png_masks import decode_png
from storage.errors import DatasetError

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def _png(
    rows: NDArray[np.uint8],
    width: int,
    depth: int,
    colour: int,
    level: int = 6,
    strategy: int = zlib.Z_DEFAULT_STRATEGY,
    parts: int = 1,
) -> bytes:
    """A file from filtered rows (H, 1 + bytes), the filter first."""
    header = struct.pack(">IIBBBBB", width, len(rows), depth, colour, 0, 0, 0)
    packer = zlib.compressobj(level, zlib.DEFLATED, 15, 9, strategy)
    packed = packer.compress(rows.tobytes()) + packer.flush()
    palette = bytes(range(256)) * 3
    size = -(-len(packed) // parts)
    return b"".join(
        [
            SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", palette[: 3 << depth]) if colour == 3 else b"",
            *(_chunk(b"IDAT", packed[i : i + size]) for i in range(0, len(packed), size)),
            _chunk(b"IEND", b""),
        ]
    )


def _pillow(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data))).astype(np.uint8)


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32))
def test_equals_pillow_for_every_depth_filter_and_packing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    depth, colour = int(rng.choice([1, 2, 4, 8])), int(rng.choice([0, 3]))
    height, width = (int(n) for n in rng.integers(1, 90, 2))
    row_bytes = (width * depth + 7) // 8
    rows = rng.integers(0, 256, (height, 1 + row_bytes)).astype(np.uint8)
    rows[rng.random(rows.shape) < rng.choice([0, 0.5, 0.98, 1])] = 0
    rows[:, 0] = rng.integers(0, 5, height)
    level = int(rng.choice([0, 1, 6, 9]))
    strategy = int(rng.choice([zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_RLE]))
    data = _png(rows, width, depth, colour, level, strategy, int(rng.integers(1, 4)))
    assert np.array_equal(decode_png(data), _pillow(data))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_of_pillow(mode: str) -> None:
    values = np.random.default_rng(0).integers(0, 2, (20, 37)).astype(np.uint8) * 255
    image = Image.fromarray(values).convert("I").convert(mode) if mode == "I;16" else None
    buffer = io.BytesIO()
    (image or Image.fromarray(values).convert(mode)).save(buffer, "PNG")
    decoded = decode_png(buffer.getvalue())
    expected = np.asarray(Image.open(buffer))
    assert decoded.dtype == (np.uint8 if mode == "1" else expected.dtype)
    assert np.array_equal(decoded, expected)


def test_long_runs_and_repeats() -> None:
    mask = np.zeros((480, 854), dtype=np.uint8)
    mask[100:300, 200:500] = 7
    mask[150:200, ::2] = 255
    buffer = io.BytesIO()
    Image.fromarray(mask).save(buffer, "PNG")
    assert np.array_equal(decode_png(buffer.getvalue()), mask)


def _whole() -> bytes:
    rows = np.random.default_rng(1).integers(0, 3, (30, 41)).astype(np.uint8)
    return _png(rows, 40, 8, 0)


def test_truncated_anywhere() -> None:
    data = _whole()
    for end in (0, 4, 8, 20, 33, 50, len(data) // 2, len(data) - 1):
        with pytest.raises(DatasetError):
            decode_png(data[:end])


def test_a_flipped_bit_anywhere_behind_the_signature_is_noticed() -> None:
    data = _whole()
    for position in range(8, len(data), 7):
        damaged = bytearray(data)
        damaged[position] ^= 0x10
        with pytest.raises(DatasetError):
            decode_png(bytes(damaged))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_stream_with_good_checksums_decodes_or_is_refused(packed: bytes) -> None:
    header = struct.pack(">IIBBBBB", 9, 5, 8, 0, 0, 0, 0)
    data = SIGNATURE + _chunk(b"IHDR", header)
    data += _chunk(b"IDAT", b"\x78\x9c" + packed) + _chunk(b"IEND", b"")
    with pytest.raises(DatasetError):
        decode_png(data)


def test_fewer_or_more_pixels_than_the_header_says() -> None:
    rows = np.zeros((10, 9), dtype=np.uint8)
    whole = _png(rows, 8, 8, 0)
    most = rows.tobytes()
    for packed in (zlib.compress(most[:-1]), zlib.compress(most + b"\0"), zlib.compress(most)[:-4]):
        other = whole[:33] + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")
        with pytest.raises(DatasetError, match="do not unpack"):
            decode_png(other)


def test_pixels_that_fail_the_checksum_of_their_stream() -> None:
    rows = np.zeros((10, 9), dtype=np.uint8)
    packed = zlib.compress(rows.tobytes())[:-4] + b"sums"
    data = _png(rows, 8, 8, 0)[:33] + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")
    with pytest.raises(DatasetError, match="do not unpack"):
        decode_png(data)


def test_unknown_filter_and_missing_parts() -> None:
    rows = np.full((3, 5), 9, dtype=np.uint8)
    with pytest.raises(DatasetError, match="unknown row filter"):
        decode_png(_png(rows, 4, 8, 0))
    with pytest.raises(DatasetError, match="without header or pixels"):
        decode_png(SIGNATURE + _chunk(b"IEND", b""))
    with pytest.raises(DatasetError, match="not a PNG"):
        decode_png(b"GIF89a")
