"""Video files for the tests, written by PyAV."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

UInt8Array = NDArray[np.uint8]

_FIRST_CODEC = {"webm": "libvpx-vp9", "avi": "mpeg4", "mov": "mpeg4"}


def noise(index: int, size: tuple[int, int]) -> UInt8Array:
    """A frame of coarse noise, brighter with the index: it survives encoding."""
    cells = np.random.default_rng(index).integers(0, 100, (4, 4, 3), dtype=np.uint8)
    rows = np.arange(size[0]) * 4 // size[0]
    columns = np.arange(size[1]) * 4 // size[1]
    return cells[rows][:, columns] + np.uint8(8 * (index % 16))


def write_video_file(
    path: Path,
    frames: int = 6,
    size: tuple[int, int] = (48, 64),
    codec: str | None = None,
    pixels: str = "yuv420p",
    times: Sequence[Fraction] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """`noise` as a video at 25 frames per second, or at given times in seconds."""
    codec = codec or _FIRST_CODEC.get(path.suffix[1:], "libx264")
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = size
        stream.pix_fmt = pixels
        stream.codec_context.time_base = Fraction(1, 1000)
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(noise(index, size), format="rgb24")
            time = Fraction(index, 25) if times is None else times[index]
            frame.pts, frame.time_base = int(time * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def make_video() -> Callable[..., Path]:
    return write_video_file


@pytest.fixture
def frame_of() -> Callable[[int, tuple[int, int]], UInt8Array]:
    return noise
