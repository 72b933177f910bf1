"""Opens a video file safely, and reads what its container states."""

import stat
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

from storage.datasets.images.file_kinds import file_kind
from storage.datasets.images.image_files import MOST_PIXELS
from storage.datasets.video.container_length import missing_bytes
from storage.errors import DatasetError, MissingDatasetError

if TYPE_CHECKING:
    from av.video.stream import VideoStream

COPY_AGAIN = "Copy the file again from an intact copy, or leave the video out"

_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi"
"""Only containers. Play lists are not read, because they name further files and addresses."""

_READ_KINDS = frozenset({"an MP4 or MOV video", "a Matroska or WebM video", "an AVI video"})


@contextmanager
def opened_container(
    path: Path, frames: Callable[[], int] = lambda: 0
) -> Generator[tuple[Any, "VideoStream"], None, None]:
    """Open the container and its first video stream; errors name the file and the frame.

    Args:
        path: the file.
        frames: returns the number of decoded frames, for the error.

    Raises:
        MissingDatasetError: the file does not exist.
        DatasetError: it is not a complete, ordinary file, is no video, or cannot be decoded.
    """
    check_video_file(path)
    with path.open("rb") as file, _naming(path, frames), _opened(file) as container:
        stream = _video_stream(path, container)
        _check_size(path, stream.codec_context.width, stream.codec_context.height)
        yield container, stream


def stated_extent(path: Path) -> tuple[float, float, tuple[int, int]]:
    """Frames per second, seconds, and (H, W) as the container states them, without decoding.

    Decoding may give other values. Some containers state nothing (0) or a wrong value (avi states
    the rate of its time stamps), and frames may be rotated.

    Raises:
        DatasetError: as for `opened_container`.
    """
    with opened_container(path) as (container, stream):
        seconds = (container.duration or 0) / 1e6
        context = stream.codec_context
        return float(stream.average_rate or 0.0), seconds, (context.height, context.width)


def check_video_file(path: Path) -> None:
    """Check that a path is a complete, ordinary file.

    Raises:
        MissingDatasetError: the file does not exist.
        DatasetError: it is empty, a device or a pipe, or shorter than its header states.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise DatasetError(f"{path} is not a file. Give an mp4, mkv, mov, avi or webm file.")
        if found.st_size == 0:
            raise DatasetError(f"{path} is empty (0 bytes). {COPY_AGAIN}.")
        missing = missing_bytes(path)
    except FileNotFoundError as error:
        raise MissingDatasetError(f"{path} is not there. Correct the path.") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}. Check its rights.") from error
    if missing:
        raise DatasetError(
            f"{path} is truncated: its last {missing} bytes are missing. {COPY_AGAIN}."
        )


def _opened(file: BinaryIO) -> Any:
    """The container in an open file; it cannot open any other file."""
    import av

    options = {"format_whitelist": _FORMATS, "max_pixels": str(MOST_PIXELS)}
    return av.open(
        file, "r", options=options, io_open=_refuse_further_file, metadata_errors="replace"
    )


def _refuse_further_file(*arguments: object) -> NoReturn:
    raise DatasetError("the file refers to a further file, which is not read")


@contextmanager
def _naming(path: Path, frames: Callable[[], int]) -> Generator[None, None, None]:
    """Turn FFmpeg's errors into one error that names the file and the frame."""
    import av

    try:
        yield
    except (av.FFmpegError, EOFError, MemoryError) as error:
        done = frames()
        if not done:
            _refuse_kind(path)
        reason = getattr(error, "strerror", None) or type(error).__name__
        where = f"after {done} frames" if done else "from its beginning"
        raise DatasetError(
            f"{path} cannot be decoded {where}: {reason}. It may be damaged, or not a video "
            f"(mp4, mkv, mov, avi, webm). {COPY_AGAIN}."
        ) from error


def _refuse_kind(path: Path) -> None:
    """Refuse a file that is known and is none of the containers, with the way to make one of it."""
    kind = file_kind(path)
    if kind is None or kind.name in _READ_KINDS:
        return
    cures = {
        "video": f"Put the same pictures into an mp4 file: ffmpeg -i {path.name} -c copy "
        f"{path.stem}-copy.mp4 (without -c copy, they are encoded again)",
        "gif": f"Convert it: ffmpeg -i {path.name} {path.stem}.mp4",
        "image": "Give the folder of the frames, one image file each, or a video",
        "archive": "Unpack it, and give the video in it",
    }
    cure = cures.get(kind.group, "Give the video itself")
    raise DatasetError(
        f"{path} cannot be decoded: it is {kind.name}, and mp4, mkv, mov, avi and webm are read. "
        f"{cure}."
    )


def _video_stream(path: Path, container: Any) -> "VideoStream":
    """The first video stream that is not a cover picture."""
    from av.stream import Disposition

    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            if stream.codec_context is None:
                raise DatasetError(
                    f"{path} has an encoding that cannot be decoded here. Encode it again, for "
                    "example with H.264."
                )
            found: VideoStream = stream
            return found
    raise DatasetError(f"{path} has no video stream, only others. Give a file with pictures.")


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise DatasetError(
            f"{path} declares frames of {width}x{height}; at most {MOST_PIXELS} pixels are read. "
            "Reduce the video."
        )
