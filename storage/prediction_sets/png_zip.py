"""Predictions as VIDEO/FRAME.png in a zip file, also below other folders; never unpacked."""

import zipfile
import zlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from storage.datasets.source import UInt8Array
from storage.errors import DatasetError
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
        self._members = _list_members(path, self._archive)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the open file, which cannot be pickled."""
        return {"_path": self._path, "_members": self._members}

    @property
    def name(self) -> str:
        return self._path.stem

    @property
    def place(self) -> str:
        return str(self._path)

    def frames(self, video: str, annotated: Sequence[str]) -> list[str] | None:
        members = self._members.get(video)
        return None if members is None else sorted(members)

    def label_map(self, video: str, frame: str, options: ReadOptions) -> UInt8Array:
        member = self._members[video][frame]
        name = f"{self._path}:{member}"
        try:
            data = self._archive.read(member)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
            raise DatasetError(
                f"{name} cannot be read ({error}). Make the archive again."
            ) from error
        return options.decode(data, name)

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self._path)
        except (zipfile.BadZipFile, OSError) as error:
            raise DatasetError(
                f"{self._path} is not a readable zip file ({error}). Make it again."
            ) from error


def _list_members(path: Path, archive: zipfile.ZipFile) -> dict[str, dict[str, str]]:
    """Names of the members by video and frame."""
    found: dict[str, dict[str, str]] = {}
    problems = []
    for info in archive.infolist():
        parts = PurePosixPath(info.filename.replace("\\", "/")).parts
        if not parts or parts[0] == "__MACOSX" or parts[-1].startswith("._"):
            continue
        if parts[0].startswith("/") or ".." in parts or parts[0].endswith(":"):
            problems.append(f"{info.filename!r} leads out of the archive")
        elif info.is_dir() or not parts[-1].endswith(".png") or len(parts) < 2:
            continue
        elif info.file_size > _LARGEST:
            problems.append(f"{info.filename} unpacks to {info.file_size} bytes, which is no mask")
        elif info.flag_bits & 1:
            problems.append(f"{info.filename} is encrypted")
        else:
            frames = found.setdefault(parts[-2], {})
            frame = parts[-1].removesuffix(".png")
            if frame in frames:
                problems.append(f"{info.filename} and {frames[frame]} are the same frame")
            frames[frame] = info.filename
    if problems:
        raise DatasetError(
            f"{path} cannot be used:\n  " + "\n  ".join(problems) + "\nMake an archive with "
            "VIDEO/FRAME.png, each frame once."
        )
    return found
