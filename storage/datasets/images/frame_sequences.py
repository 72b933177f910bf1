"""Frames without annotation, one file per frame. `video_file` reads them from a video file."""

from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from storage.datasets.images.file_checks import check_inside
from storage.datasets.images.image_files import (
    image_fault,
    image_files,
    image_size,
    read_bytes,
    read_frame,
)
from storage.datasets.images.names import name_fault
from storage.datasets.images.natural_order import in_natural_order
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError, MissingDatasetError

_SHOWN = 10


class FrameSequence(Protocol):
    """Frames in order, all of one size, decoded on demand. Every member may raise DatasetError."""

    @property
    def place(self) -> Path:
        """Path of the frames, for messages."""
        ...

    @property
    def frame_names(self) -> tuple[str, ...]: ...

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of every frame."""
        ...

    @property
    def times(self) -> tuple[float, ...] | None:
        """Display time of each frame in seconds from the start; None if unknown."""
        ...

    def digest(self) -> str:
        """sha256 (hex) of everything that determines the frames; decodes nothing."""
        ...

    def frame(self, index: int) -> UInt8Array:
        """Frame as uint8 (H, W, 3), RGB; fastest in ascending order."""
        ...


class ImageFolder:
    """A `FrameSequence` of the image files of a folder, in the natural order of their names.

    Args:
        place: the folder; links out of it are refused.
    """

    times: tuple[float, ...] | None = None

    def __init__(self, place: Path) -> None:
        self.place = place

    @cached_property
    def frame_names(self) -> tuple[str, ...]:
        return tuple(path.stem for path in self._files)

    @cached_property
    def size(self) -> tuple[int, int]:
        expected = image_size(self._files[0])
        problems = []
        for path in self._files[1:]:
            size = image_size(path)
            if size != expected:
                problems.append(f"{path} is {size[1]}x{size[0]}")
        if problems:
            shown = "\n  ".join(problems[:_SHOWN])
            raise DatasetError(
                f"{self.place}: {len(problems)} frames have another size than the first "
                f"({expected[1]}x{expected[0]}):\n  {shown}\nResize all frames to one size."
            )
        return expected

    def digest(self) -> str:
        """sha256 over names and bytes of all files; raises DatasetError if one is truncated."""
        digest = sha256()
        for path in self._files:
            data = read_bytes(path)
            if fault := image_fault(data):
                raise DatasetError(f"{path} {fault}. Save the frame again, or remove it.")
            digest.update(f"{path.stem} {len(data)}\n".encode())
            digest.update(data)
        return digest.hexdigest()

    def frame(self, index: int) -> UInt8Array:
        if not 0 <= index < len(self._files):
            raise IndexError(f"frame {index} is outside 0..{len(self._files) - 1} of {self.place}")
        return read_frame(self._files[index])

    @cached_property
    def _files(self) -> list[Path]:
        if not self.place.is_dir() or not (found := image_files(self.place)):
            raise MissingDatasetError(f"{self.place} has no image files. Put the frames there.")
        files = in_natural_order(found)
        for before, path in zip([None, *files], files, strict=False):
            check_inside(path, self.place)
            if fault := name_fault(path.stem):
                raise DatasetError(f"{str(path)!r} cannot be a frame: its name {fault}. Rename it.")
            if before is not None and before.stem == path.stem:
                raise DatasetError(
                    f"{path} is a second file of the frame of {before.name}. Remove one of them."
                )
        return files
