"""A user's own video: frames from any source, with masks in any usual form."""

from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from storage.datasets.images.file_checks import check_inside
from storage.datasets.images.frame_matching import VideoFrames
from storage.datasets.images.frame_sequences import FrameSequence, ImageFolder
from storage.datasets.images.names import name_fault
from storage.datasets.masks.given_masks import GivenMasks, masks_digest, open_masks
from storage.datasets.source import UInt8Array
from storage.datasets.video.video_file import VideoFile
from storage.errors import DatasetError

_READER_VERSION = 1
"""Increase this when the same files give other label maps than before."""

OWN = "video"
"""Name of the data set of the user's own videos."""


class MaskedVideo:
    """A `SourceVideo` of a frame sequence and masks; it is read and checked at the first use.

    Args:
        dataset: name of the data set.
        name: name of the video.
        frames: its frames.
        masks: file or folder with its masks, in a form of `given_masks`.
        root: folder that must contain all files, with links resolved. None: any place.

    Every member raises DatasetError if frames or masks cannot be used.
    """

    def __init__(
        self,
        dataset: str,
        name: str,
        frames: FrameSequence,
        masks: Path,
        root: Path | None = None,
    ) -> None:
        self.dataset = dataset
        self.name = name
        self._frames = frames
        self._masks_at = masks
        self._root = root

    def __repr__(self) -> str:
        return f"MaskedVideo({self.dataset!r}, {self.name!r})"

    def __getstate__(self) -> dict[str, Any]:
        """The state without the masks, which another process opens again."""
        # Readers of masks hold caches and open files of frames, and cannot be pickled.
        return {name: value for name, value in vars(self).items() if name != "masks"}

    @property
    def frame_count(self) -> int:
        return len(self._frames.frame_names)

    @property
    def frame_names(self) -> tuple[str, ...]:
        return self._frames.frame_names

    @property
    def frame_times(self) -> tuple[float, ...] | None:
        """Display time of each frame in seconds from the start; None if unknown."""
        return self._frames.times

    @property
    def objects(self) -> tuple[int, ...]:
        return self.masks.objects

    @cached_property
    def masks(self) -> GivenMasks:
        """The masks, checked against the names and the size of the frames."""
        self._check_links()
        size, note = self._frames.size, " ".join(self._frames.remarks)
        frames = VideoFrames(self.frame_names, size, self.name, note)
        return open_masks(self._masks_at, frames, lambda name: self.frame(frames.order[name]))

    def remarks(self) -> list[str]:
        """What a person should check before the video is segmented, a sentence each."""
        return [*self._frames.remarks, *self.masks.remarks()]

    def fingerprint(self) -> str:
        """sha256 over the names and bytes of frames and masks."""
        return self._fingerprint

    def frames_digest(self) -> str:
        """sha256 over the bytes of the frames alone."""
        return self._frames.digest()

    def frame(self, index: int) -> UInt8Array:
        return self._frames.frame(index)

    def label_map(self, index: int) -> UInt8Array | None:
        return self.masks.label_map(self.frame_names[index])

    @cached_property
    def _fingerprint(self) -> str:
        self._check_links()
        parts = (self.dataset, self.name, self._frames.digest(), masks_digest(self._masks_at))
        return sha256("\n".join((str(_READER_VERSION), *parts)).encode()).hexdigest()

    def _check_links(self) -> None:
        for place in (self._frames.place, self._masks_at):
            if self._root:
                check_inside(place, self._root)


def open_own_video(video: Path, masks: Path, name: str | None = None) -> MaskedVideo:
    """A video file, or a folder of image files, with its masks; nothing is read yet.

    Args:
        video: file or folder.
        masks: file or folder in a form of `given_masks`.
        name: name for the results. None: the name of the file or folder.

    Raises:
        DatasetError: the name cannot be the name of a folder.
    """
    frames: FrameSequence = ImageFolder(video, masks) if video.is_dir() else VideoFile(video)
    name = (video.name if video.is_dir() else video.stem) if name is None else name
    if fault := name_fault(name):
        shown = repr(name) if len(name) < 100 else f"{name[:40]!r}..."
        raise DatasetError(f"{shown} cannot be the name of a video: it {fault}. Give another one.")
    return MaskedVideo(OWN, name, frames, masks)
