"""Masks in NumPy files, .npy and .npz: label maps, or one mask per object.

| shape | values | read as |
|---|---|---|
| (H, W) | ids or truth values | label map of the first frame |
| (N, H, W), (N, 1, H, W) | truth values | N objects of the first frame |
| (T, H, W) | ids, T frames in the video | label maps of all frames |

An .npz file contains one such array, or one array (H, W) per frame, under the frame's name. A
single array (H, W) that is named exactly as a frame belongs to this frame.
"""

import io
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.datasets.images.frame_matching import VideoFrames
from storage.datasets.images.image_files import MOST_PIXELS, read_bytes
from storage.datasets.masks.object_layers import MOST_OBJECTS, MapReader, check_count, layer_readers
from storage.datasets.masks.white_masks import GivenMask, Values, readers_together
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError

ARRAY_SUFFIXES = frozenset({".npy", ".npz"})

_MOST_BYTES = 1 << 31
_HELP = "Save label maps as uint8 (height, width), with 0 as background"

Array = NDArray[Any]

_UNREADABLE = (
    ValueError,
    OSError,
    EOFError,
    RuntimeError,
    SyntaxError,
    tokenize.TokenError,  # for a truncated header
    zipfile.BadZipFile,
    zlib.error,
)


def read_array_masks(path: Path, frames: VideoFrames) -> dict[str, MapReader]:
    """Readers of label maps by frame name.

    Raises:
        DatasetError: the file is damaged, has another size or holds objects instead of numbers, its
            values are not ids, or its shape does not show which axis is frames or objects.
    """
    arrays = _arrays(path)
    if not arrays:
        raise DatasetError(f"{path} contains no array. {_HELP}.")
    if len(arrays) == 1:
        ((name, array),) = arrays.items()
        # Names such as arr_0 and mask say nothing, so nothing but a frame's own name counts.
        return _readers(path, array, frames, name if name in frames.order else frames.names[0])
    found: dict[str, Callable[[], GivenMask]] = {}
    for name, array in arrays.items():
        frame = frames.find(name, f"{path}, array {name}")
        found[frame] = partial(_checked, f"{path}, array {name}", array, frames)
    return readers_together(found)


def _readers(path: Path, array: Array, frames: VideoFrames, of_map: str) -> dict[str, MapReader]:
    """Readers by frame name of the only array of a file; `of_map` is the frame of a single map."""
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 3 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 2:
        return readers_together({of_map: partial(_checked, str(path), array, frames)})
    if array.ndim != 3 or array.shape[1:] != frames.size:
        raise DatasetError(
            f"{path} has the shape {array.shape}, the video frames of {frames.size}. {_HELP}."
        )
    binary, all_frames = _is_binary(array), len(array) == len(frames.names)
    if all_frames and not binary:
        return readers_together(
            {
                name: partial(_checked, f"{path}, frame {name}", labels, frames)
                for name, labels in zip(frames.names, array, strict=True)
            }
        )
    if all_frames or not binary:
        meaning = "frames or objects" if all_frames else f"the {len(frames.names)} frames"
        raise DatasetError(
            f"{path} holds {len(array)} maps, but it is unclear how they belong to {meaning}. "
            "Save an .npz file with arrays by the names of frames."
        )
    check_count(len(array), path)
    layers = [
        (number, f"{path}, mask {number}", partial(_object, mask))
        for number, mask in enumerate(array, start=1)
    ]
    return layer_readers(frames.size, {frames.names[0]: layers})


def _checked(where: str, array: Array, frames: VideoFrames) -> GivenMask:
    """A label map from an array of ids, or from the mask of one object."""
    if array.shape != frames.size:
        raise DatasetError(f"{where} has the shape {array.shape}, the frames {frames.size}.")
    if array.dtype.kind == "f" and not np.array_equal(array, np.floor(array)):
        raise DatasetError(f"{where} holds fractions, not ids. Apply a threshold.")
    low, high = array.min(initial=0), array.max(initial=0)
    if low < 0 or (high > MOST_OBJECTS and high != 255):
        raise DatasetError(f"{where} holds values from {low} to {high}; ids are 1 to 254.")
    labels = array.astype(np.uint8)
    if high == 255 and set(np.unique(labels)) <= {0, 255}:
        return GivenMask(np.asarray(labels > 0, dtype=np.uint8), Values.WHITE)
    return GivenMask(labels, Values.OBJECT if array.dtype == np.bool_ else Values.IDS)


def _object(mask: Array) -> UInt8Array:
    return np.asarray(mask > 0, dtype=np.uint8)


def _is_binary(array: Array) -> bool:
    if array.dtype == np.bool_:
        return True
    high = array.max(initial=0)
    return high in (1, 255) and bool(((array == 0) | (array == high)).all())


def _arrays(path: Path) -> Mapping[str, Array]:
    """Arrays of a file by name; checks sizes before it unpacks anything."""
    data = read_bytes(path)
    try:
        if not data.startswith(b"PK"):
            return {"": _array(str(path), io.BytesIO(data), len(data))}
        found: dict[str, Array] = {}
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                if info.filename.endswith(".npy"):
                    with archive.open(info) as file:
                        where = f"{path}, array {info.filename}"
                        found[info.filename.removesuffix(".npy")] = _array(
                            where, file, info.file_size
                        )
        return found
    except _UNREADABLE as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(f"{path} is not a NumPy file that can be read ({error}).") from error


def _array(where: str, file: Any, length: int) -> Array:
    """An array of numbers from an open file that holds `length` bytes."""
    version = np.lib.format.read_magic(file)
    readers: dict[tuple[int, int], Callable[[Any], tuple[tuple[int, ...], bool, np.dtype[Any]]]] = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise ValueError(f"version {version} of the format")
    shape, by_column, dtype = readers[version](file)
    if dtype.kind not in "biuf":
        raise DatasetError(f"{where} holds {dtype}, not numbers. {_HELP}.")
    count = 1
    for side in shape:
        count *= side
    plane = count // max(1, shape[0]) if len(shape) > 2 else count
    if count * dtype.itemsize > min(length, _MOST_BYTES) or plane > MOST_PIXELS:
        raise DatasetError(
            f"{where} declares the shape {shape}, which is too large or more than it holds."
        )
    values = np.frombuffer(file.read(count * dtype.itemsize), dtype, count)
    return values.reshape(shape, order="F" if by_column else "C")
