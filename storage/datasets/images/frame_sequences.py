"""Frames without annotation, one file per frame. `video_file` reads them from a video file."""

from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from storage.datasets.images.frame_files import frame_files, is_among
from storage.datasets.images.image_files import image_fault, read_bytes
from storage.datasets.images.orientation import UPRIGHT
from storage.datasets.images.upright_images import (
    OWN_CURE,
    exif_orientation,
    read_upright_frame,
    upright_size,
)
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError

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

    @property
    def remarks(self) -> tuple[str, ...]:
        """How frames are read, if that is not obvious; one sentence each."""
        ...

    def digest(self) -> str:
        """sha256 (hex) of everything that determines the frames; decodes no frames."""
        ...

    def frame(self, index: int) -> UInt8Array:
        """Frame as uint8 (H, W, 3), RGB; fastest in ascending order."""
        ...


class ImageFolder:
    """A `FrameSequence` of the image files of a folder, in the natural order of their names.

    Frames are turned upright according to their EXIF orientation.

    Args:
        place: the folder; links out of it are refused.
        masks: masks of the video; a mask file in the folder is not a frame.
    """

    times: tuple[float, ...] | None = None

    def __init__(self, place: Path, masks: Path | None = None) -> None:
        self.place = place
        self._masks = masks

    @cached_property
    def frame_names(self) -> tuple[str, ...]:
        return tuple(path.stem for path in self._files)

    @cached_property
    def size(self) -> tuple[int, int]:
        expected = upright_size(self._files[0])
        problems = []
        for path in self._files[1:]:
            size = upright_size(path)
            if size != expected:
                problems.append(f"{path} is {size[1]}x{size[0]}")
        if problems:
            shown = "\n  ".join(problems[:_SHOWN])
            raise DatasetError(
                f"{self.place}: {len(problems)} frames have another size than the first "
                f"({expected[1]}x{expected[0]}):\n  {shown}\nResize all frames to one size."
            )
        return expected

    @cached_property
    def remarks(self) -> tuple[str, ...]:
        found = []
        if self._masks is not None and is_among(self._masks, self.place):
            found.append(f"{self._masks} lies among the frames; it is read as the mask only.")
        if exif_orientation(self._files[0]) != UPRIGHT:
            found.append(f"The frames of {self.place} are turned upright, as EXIF asks.")
        return tuple(found)

    def digest(self) -> str:
        """sha256 over names and bytes of all files; raises DatasetError if one is truncated."""
        digest = sha256()
        for path in self._files:
            data = read_bytes(path, OWN_CURE)
            if fault := image_fault(data):
                raise DatasetError(f"{path} {fault}. {OWN_CURE}, or take it away.")
            orientation = exif_orientation(data)
            turned = "" if orientation == UPRIGHT else f" turned {orientation}"
            digest.update(f"{path.stem} {len(data)}{turned}\n".encode())
            digest.update(data)
        return digest.hexdigest()

    def frame(self, index: int) -> UInt8Array:
        if not 0 <= index < len(self._files):
            raise IndexError(f"frame {index} is outside 0..{len(self._files) - 1} of {self.place}")
        return read_upright_frame(self._files[index])

    @cached_property
    def _files(self) -> list[Path]:
        return frame_files(self.place, self._masks)
