"""Frames of a video file, decoded in order with PyAV; one frame is in memory at a time."""

import os
import stat
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

import numpy as np

from storage.datasets.container_length import missing_bytes
from storage.datasets.images import MOST_PIXELS
from storage.datasets.orientation import UPRIGHT, Orientation, orientation_of, oriented
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError, MissingDatasetError

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    _Decoded = tuple[VideoFrame, Orientation]

VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mkv", ".mov", ".avi", ".webm"})

_READER_VERSION = 1
"""Raised when the same file is read as other frames than before."""

_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi"
"""Containers alone: play lists, which name further files and addresses, are not read."""

_DECODING_THREADS = 4
_COPY_AGAIN = "Copy the file again from where it is whole, or leave the video out"


@dataclass(frozen=True)
class _Scan:
    """What only decoding tells."""

    size: tuple[int, int]
    times: tuple[float, ...]


class VideoFile:
    """A `FrameSequence` of one mp4, mkv, mov, avi or webm file.

    Frames are taken as they were recorded, each once, whatever their rate; their times are kept.
    They are shown upright, as the file asks, at 8 bits, in square pixels.

    Frames are read in order. One before the last that was read starts over at the beginning of the
    file; one after it is reached by decoding what lies between.

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
        """Height and width, upright; decodes the whole file once, for `times` too."""
        return self._scan.size

    @property
    def times(self) -> tuple[float, ...]:
        return self._scan.times

    def digest(self) -> str:
        """sha256 of the file's bytes."""
        check_video_file(self.place)
        with self.place.open("rb") as file:
            content = file_digest(file, "sha256").hexdigest()
        return sha256(f"{_READER_VERSION}\n{content}\n".encode()).hexdigest()

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
        """Let go of the file; the next frame opens it again."""
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
    size, times = (0, 0), list[float]()
    for frame, (upright, *_) in _decoded(path):
        if not times:
            size = (frame.height, frame.width) if upright else (frame.width, frame.height)
        time = frame.time
        if time is None:  # avi without time stamps
            time = times[-1] if times else 0.0
        times.append(float(time))
    if not times:
        raise DatasetError(f"{path} holds no frame that can be decoded. {_COPY_AGAIN}.")
    return _Scan(size, tuple(times))


def check_video_file(path: Path) -> None:
    """Refuse what is not a whole, ordinary file.

    Raises:
        MissingDatasetError: when it is not there.
        DatasetError: when it is empty, a device or a pipe, or shorter than it says.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise DatasetError(f"{path} is not a file. Give an mp4, mkv, mov, avi or webm file.")
        if found.st_size == 0:
            raise DatasetError(f"{path} is empty (0 bytes). {_COPY_AGAIN}.")
        missing = missing_bytes(path)
    except FileNotFoundError as error:
        raise MissingDatasetError(f"{path} is not there. Correct the path.") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}. Check its rights.") from error
    if missing:
        raise DatasetError(
            f"{path} is cut off: its last {missing} bytes are missing. {_COPY_AGAIN}."
        )


def _decoded(path: Path) -> Generator["_Decoded", None, None]:
    """All frames of the first video stream, checked, with their orientation; not yet converted."""
    check_video_file(path)
    import av

    count, first, orientation = 0, None, UPRIGHT
    with path.open("rb") as file, _naming(path, lambda: count), _opened(file) as container:
        stream = _video_stream(path, container)
        _check_size(path, stream.codec_context.width, stream.codec_context.height)
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = min(_DECODING_THREADS, os.cpu_count() or 1)
        for packet in container.demux(stream):
            for frame in packet.decode():
                if not isinstance(frame, av.VideoFrame):
                    continue
                size = (frame.height, frame.width, frame.rotation)
                if first is None:
                    first, orientation = size, _orientation(frame)
                if size != first:
                    raise DatasetError(
                        f"{path}: frame {count} is {size[1]}x{size[0]}, the first {first[1]}x"
                        f"{first[0]}, or turned otherwise. Encode the video again at one size, or "
                        "cut it there."
                    )
                if frame.is_corrupt:
                    raise DatasetError(f"{path}: frame {count} is damaged. {_COPY_AGAIN}.")
                yield frame, orientation
                count += 1


def _opened(file: BinaryIO) -> Any:
    """The container in an open file; nothing else can be opened through it."""
    import av

    options = {"format_whitelist": _FORMATS, "max_pixels": str(MOST_PIXELS)}
    return av.open(
        file, "r", options=options, io_open=_refuse_further_file, metadata_errors="replace"
    )


def _refuse_further_file(*arguments: object) -> NoReturn:
    raise DatasetError("the file refers to a further file, which is not read")


@contextmanager
def _naming(path: Path, frames: Callable[[], int]) -> Generator[None, None, None]:
    """FFmpeg's errors as one that names the file and the frame."""
    import av

    try:
        yield
    except (av.FFmpegError, EOFError, MemoryError) as error:
        done = frames()
        reason = getattr(error, "strerror", None) or type(error).__name__
        where = f"after {done} frames" if done else "from its beginning"
        raise DatasetError(
            f"{path} cannot be decoded {where}: {reason}. It may be damaged, or not a video "
            f"(mp4, mkv, mov, avi, webm). {_COPY_AGAIN}."
        ) from error


def _video_stream(path: Path, container: Any) -> "VideoStream":
    """The first stream of pictures that is no cover."""
    from av.stream import Disposition

    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            if stream.codec_context is None:
                raise DatasetError(
                    f"{path} is encoded in a way that cannot be decoded here. Encode it again, "
                    "such as with H.264."
                )
            found: VideoStream = stream
            return found
    raise DatasetError(f"{path} holds no video, only other streams. Give a file with pictures.")


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise DatasetError(
            f"{path} declares frames of {width}x{height}; at most {MOST_PIXELS} pixels are read. "
            "Reduce the video."
        )


def _orientation(frame: "VideoFrame") -> Orientation:
    """As the frame asks; asked of one frame alone, for this ties a frame to itself.

    Thousands of frames would wait for Python's collector of cycles.
    """
    from av.sidedata.sidedata import Type

    side_data: Any = frame.side_data  # a mapping by type, which its type hints do not tell
    matrix = side_data.get(Type.DISPLAYMATRIX)
    return UPRIGHT if matrix is None else orientation_of(np.frombuffer(bytes(matrix), np.int32))
