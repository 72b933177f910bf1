"""Writes mp4 files from pictures, with one picture in memory at a time."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import BinaryIO

import numpy as np

from storage.datasets.source import UInt8Array

_RATE = 25
_CLOCK = Fraction(1, 90_000)
_CODECS = ("libx264", "mpeg4")
"""Encoders; the first one that PyAV includes is used."""


def write_mp4(
    file: BinaryIO, pictures: Iterable[UInt8Array], times: Sequence[float] | None
) -> None:
    """Write pictures as mp4.

    Args:
        file: the file to write into, from its beginning.
        pictures: uint8 (H, W, 3), RGB, all of one size; odd sizes get one more row or column.
        times: seconds at which each picture is shown, ascending; None means 25 per second.
    """
    import av

    codec = next(name for name in _CODECS if name in av.codecs_available)
    last = -1
    with av.open(file, "w", format="mp4") as container:
        stream: av.VideoStream | None = None
        for index, picture in enumerate(pictures):
            even = np.pad(picture, [(0, size % 2) for size in picture.shape[:2]] + [(0, 0)], "edge")
            if stream is None:
                added = container.add_stream(codec, rate=_RATE)
                assert isinstance(added, av.VideoStream)
                stream = added
                stream.height, stream.width = even.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.codec_context.time_base = _CLOCK
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="rgb24")
            seconds = index / _RATE if times is None else times[index] - times[0]
            last = max(last + 1, round(seconds / _CLOCK))
            frame.pts, frame.time_base = last, _CLOCK
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode(None))
