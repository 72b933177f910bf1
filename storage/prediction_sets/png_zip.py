"""Predictions in a zip file, perhaps below other folders; never unpacked.

They are VIDEO/FRAME.png, or VIDEO/OBJECT/FRAME.png.
"""

import zipfile
import zlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from storage.datasets.images.image_files import SUFFIXES
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError
from storage.prediction_sets.frame_paths import FramePaths, object_id_of
from storage.prediction_sets.source import ReadOptions

_LARGEST = 1 << 28
"""Largest size of a PNG file in bytes; a larger member is no mask."""


class PngZip:
    """A `PredictionSet` in a zip file.

    Raises:
        DatasetError: it is no zip file, or its members lead out of it, repeat, or are no masks.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._videos = _list_members(path, self._archive)

    def __getstate__(self) -> dict[str, Any]:
        """An open file does not travel between processes."""
        return {"_path": self._path, "_videos": self._videos}

    @property
    def name(self) -> str:
        return self._path.stem

    @property
    def place(self) -> str:
        return str(self._path)

    def frames(self, video: str, annotated: Sequence[str]) -> list[str] | None:
        return self._videos[video].frames() if video in self._videos else None

    def label_map(self, video: str, frame: str, options: ReadOptions) -> UInt8Array:
        return self._videos[video].label_map(frame, self._read, options)

    def _read(self, member: str) -> tuple[bytes, str]:
        name = f"{self._path}:{member}"
        try:
            return self._archive.read(member), name
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
            raise DatasetError(
                f"{name} cannot be read ({error}). Make the archive again."
            ) from error

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self._path)
        except (zipfile.BadZipFile, OSError) as error:
            raise DatasetError(
                f"{self._path} is not a readable zip file ({error}). Make it again."
            ) from error


def _list_members(path: Path, archive: zipfile.ZipFile) -> dict[str, FramePaths]:
    """Members by video."""
    maps: dict[str, dict[str, str]] = {}
    perhaps_maps: dict[str, dict[str, str]] = {}
    layers: dict[str, dict[str, dict[int, str]]] = {}
    problems = []
    for info in archive.infolist():
        parts = PurePosixPath(info.filename.replace("\\", "/")).parts
        if not parts or parts[0] == "__MACOSX" or parts[-1].startswith("._"):
            continue
        if fault := _fault(info, parts):
            problems.append(fault)
            continue
        frame = PurePosixPath(parts[-1])
        if info.is_dir() or frame.suffix.lower() not in SUFFIXES or len(parts) < 2:
            continue
        of_video: dict[Any, str]
        place: Any = frame.stem
        object_id = object_id_of(parts[-2])
        if object_id is not None and len(parts) > 2:  # a video called 7, or the seventh object
            perhaps_maps.setdefault(parts[-2], {}).setdefault(frame.stem, info.filename)
            of_video = layers.setdefault(parts[-3], {}).setdefault(frame.stem, {})
            place = object_id
        else:
            of_video = maps.setdefault(parts[-2], {})
        if place in of_video:
            problems.append(f"{info.filename} and {of_video[place]} are the same frame")
        of_video[place] = info.filename
    if problems:
        raise DatasetError(
            f"{path} cannot be used:\n  " + "\n  ".join(problems) + "\nMake an archive with "
            "VIDEO/FRAME.png, each frame once."
        )
    found = {
        video: FramePaths(maps.get(video, {}), layers.get(video, {})) for video in maps | layers
    }
    # Where videos have numbers as names, too, 1/2/ is object 2 of video 1, and no part of video 2.
    return {video: FramePaths(guess, {}) for video, guess in perhaps_maps.items()} | found


def _fault(info: zipfile.ZipInfo, parts: Sequence[str]) -> str:
    """Why a member cannot be used; empty where it can."""
    if parts[0].startswith("/") or ".." in parts or parts[0].endswith(":"):
        return f"{info.filename!r} leads out of the archive"
    if PurePosixPath(parts[-1]).suffix.lower() not in SUFFIXES:
        return ""
    if info.file_size > _LARGEST:
        return f"{info.filename} unpacks to {info.file_size} bytes, which is no mask"
    return f"{info.filename} is encrypted" if info.flag_bits & 1 else ""
