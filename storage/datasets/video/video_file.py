"""Decodes the frames of a video file in order with PyAV, with one frame in memory."""

import math
from collections.abc import Generator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from storage.datasets.images.orientation import UPRIGHT, Orientation, orientation_of, oriented
from storage.datasets.source import UInt8Array
from storage.datasets.video.ascending_times import ascending_times
from storage.datasets.video.container import COPY_AGAIN, check_video_file, opened_container
from storage.errors import DatasetError
from storage.machine_limits import core_limit

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    _Decoded = tuple[VideoFrame, Orientation]

VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mkv", ".mov", ".avi", ".webm"})

_READER_VERSION, _AVI_VERSION = 1, 2
"""Raised when the same file is read as other frames, or other times, than before."""

_DECODING_THREADS = 4


@dataclass(frozen=True)
class _Scan:
    """Properties that only decoding finds."""

    size: tuple[int, int]
    times: tuple[float, ...]
    pixel_shape: Fraction


class VideoFile:
    """A `FrameSequence` of one mp4, mkv, mov, avi or webm file.

    Every recorded frame is used once, whatever the rate, and its time is kept. Frames are rotated
    as the file states, converted to 8 bits, and treated as square pixels.

    Reading is fastest in order. For an earlier frame, decoding starts again at the beginning of
    the file. For a later frame, all frames between are decoded.

    Args:
        place: the file.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self._decoding: Generator[_Decoded, None, None] | None = None
        self._next = 0

    def __reduce__(self) -> tuple[type["VideoFile"], tuple[Path]]:
        return type(self), (self.place,)  # a decoder cannot be pickled

    @cached_property
    def frame_names(self) -> tuple[str, ...]:
        """Index of each frame, five digits or more."""
        width = max(5, len(str(len(self.times) - 1)))
        return tuple(f"{index:0{width}d}" for index in range(len(self.times)))

    @property
    def size(self) -> tuple[int, int]:
        """Height and width after rotation; decodes the whole file once, also for `times`."""
        return self._scan.size

    @property
    def times(self) -> tuple[float, ...]:
        return self._scan.times

    @property
    def remarks(self) -> tuple[str, ...]:
        height, width = self.size
        shape = self._scan.pixel_shape
        if shape == 1:
            return ()
        return (
            f"The pixels of {self.place} are not square but {shape.numerator}:{shape.denominator}: "
            f"players show it as {round(width * shape)}x{height}, here it is {width}x{height}.",
        )

    def digest(self) -> str:
        """sha256 of the file's bytes."""
        check_video_file(self.place)
        with self.place.open("rb") as file:
            version = _AVI_VERSION if file.read(4) == b"RIFF" else _READER_VERSION
            file.seek(0)
            content = file_digest(file, "sha256").hexdigest()
        return sha256(f"{version}\n{content}\n".encode()).hexdigest()

    def frame(self, index: int) -> UInt8Array:
        if not 0 <= index < len(self.times):
            raise IndexError(f"frame {index} is outside 0..{len(self.times) - 1} of {self.place}")
        if self._decoding is None or index < self._next:
            self.close()
            self._decoding = _decoded(self.place)
        for frame, orientation in self._decoding:
            self._next += 1
            if self._next > index:
                return oriented(np.asarray(frame.to_ndarray(format="rgb24")), orientation)
        raise DatasetError(f"{self.place} has changed while it was read. Start again.")

    def close(self) -> None:
        """Close the file; the next frame opens it again."""
        if self._decoding is not None:
            self._decoding.close()
        self._decoding, self._next = None, 0

    @cached_property
    def _scan(self) -> _Scan:
        check_video_file(self.place)
        found = self.place.stat()
        return _scanned(self.place, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=16)
def _scanned(path: Path, length: int, changed: int) -> _Scan:
    """Size and times of all frames; again only when length or time of the file have changed."""
    size, times = (0, 0), list[float | None]()
    upright: int = 1
    for frame, (upright, *_) in _decoded(path):
        if not times:
            size = (frame.height, frame.width) if upright else (frame.width, frame.height)
        times.append(frame.time)
    if not times:
        raise DatasetError(f"{path} holds no frame that can be decoded. {COPY_AGAIN}.")
    with opened_container(path) as (_, stream):
        rate = float(stream.average_rate or 0)
        shape = Fraction(stream.sample_aspect_ratio or 1)
    return _Scan(size, ascending_times(times, rate), shape if upright else 1 / shape)


def _decoded(path: Path) -> Generator["_Decoded", None, None]:
    """All frames of the first video stream, checked but not converted, with their orientation."""
    import av

    count, first, orientation = 0, None, UPRIGHT
    cores = math.ceil(core_limit().amount)
    with opened_container(path, lambda: count) as (container, stream):
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = min(_DECODING_THREADS, cores)
        for packet in container.demux(stream):
            for frame in packet.decode():
                if not isinstance(frame, av.VideoFrame):
                    continue
                size = (frame.height, frame.width, frame.rotation)
                if first is None:
                    first, orientation = size, _orientation(frame)
                if size != first:
                    raise DatasetError(
                        f"{path}: frame {count} is {size[1]}x{size[0]}, but the first is "
                        f"{first[1]}x{first[0]}, or its rotation differs. Encode the video again "
                        "at one size, or cut it there."
                    )
                if frame.is_corrupt:
                    raise DatasetError(f"{path}: frame {count} is damaged. {COPY_AGAIN}.")
                yield frame, orientation
                count += 1


def _orientation(frame: "VideoFrame") -> Orientation:
    """The orientation of a frame. Call this for one frame of a video only.

    It creates a reference cycle in the frame. Thousands of such frames would stay in memory until
    Python's garbage collector runs.
    """
    from av.sidedata.sidedata import Type

    side_data: Any = frame.side_data  # a mapping by type, but its type hints do not say so
    matrix = side_data.get(Type.DISPLAYMATRIX)
    return UPRIGHT if matrix is None else orientation_of(np.frombuffer(bytes(matrix), np.int32))
