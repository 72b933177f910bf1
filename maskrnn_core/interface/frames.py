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
        return map(array_of, source.decode(video=0))
    if isinstance(source, np.ndarray) and source.ndim != 4:
        raise InvalidInputError(
            f"the frames have the shape {source.shape}; give an array (frames, height, width, 3)"
        )
    return map(array_of, source)


def array_of(frame: Any) -> UInt8Array:
    """One frame as uint8 (H, W, 3) RGB, from such an array or a PyAV frame.

    Raises:
        InvalidInputError: it is neither.
    """
    if hasattr(frame, "to_ndarray"):
        turns = round(getattr(frame, "rotation", 0) / 90)
        return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), turns))
    array = np.asarray(frame)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
        raise InvalidInputError(
            f"a frame is {array.dtype} {array.shape}; give uint8 (height, width, 3) with the "
            "channels red, green, blue"
        )
    return array


def _images(folder: Path) -> Iterator[UInt8Array]:
    files = [file for file in folder.iterdir() if file.suffix.lower() in _IMAGES]
    if not files:
        raise InvalidInputError(f"{folder} holds no images; give the folder of the frames")
    return map(_image, sorted(files, key=_natural))


def _natural(file: Path) -> list[tuple[int, str]]:
    """Sort key by which 2.png comes before 10.png."""
    parts = re.findall(r"\d+|\D+", file.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _image(file: Path) -> UInt8Array:
    image = cv2.imread(str(file), cv2.IMREAD_COLOR)  # upright, 8 bits
    if image is None:
        raise InvalidInputError(f"{file} cannot be read as an image; export it again")
    return np.ascontiguousarray(image[..., ::-1], dtype=np.uint8)


def _video_file(file: Path) -> Iterator[UInt8Array]:
    import av

    try:
        with av.open(str(file)) as container:
            container.streams.video[0].thread_type = "AUTO"
            yield from map(array_of, container.decode(video=0))
    except (av.FFmpegError, IndexError) as error:
        raise InvalidInputError(
            f"{file} cannot be decoded ({error}); give a video file, such as mp4, or a folder of "
            "images"
        ) from error
