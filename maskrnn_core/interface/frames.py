"""Frames from arrays, paths, PyAV containers and iterators, one at a time."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.video import UInt8Array

FrameSource: TypeAlias = str | os.PathLike[str] | UInt8Array | Iterable[Any]
"""A video file or a folder of images, an array (T, H, W, 3), an open PyAV container, or any
iterable of arrays (H, W, 3) or PyAV frames."""

_IMAGES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


def frames_of(source: FrameSource) -> Iterator[UInt8Array]:
    """The frames of a source in order, uint8 (H, W, 3) RGB, upright; one is in memory at a time.

    Raises:
        InvalidInputError: the path does not exist or holds no frames, or something that is given
            is no frame. Errors of a frame are raised when the frame is read.
    """
    if isinstance(source, str | os.PathLike):
        place = Path(source)
        if not place.exists():
            raise InvalidInputError(f"{place} is not there; correct the path")
        return _images(place) if place.is_dir() else _video_file(place)
    if hasattr(source, "decode") and hasattr(source, "streams"):
        return map(FrameReader().array_of, source.decode(video=0))
    if isinstance(source, np.ndarray) and source.ndim != 4:
        raise InvalidInputError(
            f"the frames have the shape {source.shape}; give an array (frames, height, width, 3)"
        )
    return map(FrameReader().array_of, source)


class FrameReader:
    """Takes the frames of one source, of which all with one rotation are mirrored, or none."""

    def __init__(self) -> None:
        self._mirrored: dict[int, bool] = {}

    def array_of(self, frame: Any) -> UInt8Array:
        """One frame as uint8 (H, W, 3) RGB, from such an array or a PyAV frame, upright.

        Raises:
            InvalidInputError: it is neither.
        """
        if hasattr(frame, "to_ndarray"):
            return self._upright(frame)
        array = np.asarray(frame)
        if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
            raise InvalidInputError(
                f"a frame is {array.dtype} {array.shape}; give uint8 (height, width, 3) with the "
                "channels red, green, blue"
            )
        return array

    def _upright(self, frame: Any) -> UInt8Array:
        """A PyAV frame, mirrored and turned as its display matrix says."""
        rotation = round(getattr(frame, "rotation", 0))
        if rotation not in self._mirrored:
            # Not for every frame: this creates a reference cycle, which keeps the frame in memory.
            self._mirrored[rotation] = _is_mirrored(frame)
        picture = frame.to_ndarray(format="rgb24")
        if self._mirrored[rotation]:
            picture = picture[::-1]  # the rotation is that of the rows, so columns are mirrored
        return np.ascontiguousarray(np.rot90(picture, round(rotation / 90)))


def _is_mirrored(frame: Any) -> bool:
    """Whether the determinant of a frame's display matrix (ISO/IEC 14496-12, 8.3.2) is negative."""
    from av.sidedata.sidedata import Type

    found = frame.side_data.get(Type.DISPLAYMATRIX) if hasattr(frame, "side_data") else None
    if found is None:
        return False
    a, b, _, c, d = np.frombuffer(bytes(found), np.int32)[:5].tolist()
    return bool(a * d < b * c)


def _images(folder: Path) -> Iterator[UInt8Array]:
    files = [
        file
        for file in folder.iterdir()
        if file.suffix.lower() in _IMAGES and not file.name.startswith(".")
    ]
    if not files:
        raise InvalidInputError(f"{folder} holds no images; give the folder of the frames")
    return map(_image, sorted(files, key=_natural))


def _natural(file: Path) -> list[tuple[int, str]]:
    """Sort key by which 2.png comes before 10.png."""
    parts = re.findall(r"\d+|\D+", file.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _image(file: Path) -> UInt8Array:
    # From bytes, because `imread` refuses TIFF files that are turned.
    try:
        image = cv2.imdecode(np.frombuffer(file.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    except (OSError, cv2.error):
        image = None
    if image is None:
        raise InvalidInputError(f"{file} cannot be read as an image; export it again")
    return np.ascontiguousarray(image[..., ::-1], dtype=np.uint8)


def _video_file(file: Path) -> Iterator[UInt8Array]:
    import av

    try:
        with av.open(str(file)) as container:
            container.streams.video[0].thread_type = "AUTO"
            yield from map(FrameReader().array_of, container.decode(video=0))
    except (av.FFmpegError, IndexError) as error:
        raise InvalidInputError(
            f"{file} cannot be decoded ({error}); give a video file, such as mp4, or a folder of "
            "images"
        ) from error
