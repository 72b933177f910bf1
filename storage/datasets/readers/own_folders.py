"""The user's own data sets, without splits or lists: image files or video files, and masks.

| dataset | frames | masks, in a form of `given_masks` |
|---|---|---|
| folder | frames/VIDEO/*, or frames/* for one video | masks/VIDEO, masks/VIDEO.png or .json |
| video | *.mp4, mkv, mov, avi, webm | with its name, beside the file or in masks/ |

The folders may also have the names JPEGImages and Annotations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.datasets.images.frame_sequences import FrameSequence, ImageFolder
from storage.datasets.images.image_files import SUFFIXES, image_files
from storage.datasets.images.natural_order import in_natural_order
from storage.datasets.masks.array_masks import ARRAY_SUFFIXES
from storage.datasets.readers.annotations import AnnotatedVideo, DatasetNotes
from storage.datasets.readers.image_sets import ImageSet
from storage.datasets.readers.own_video import OWN, MaskedVideo
from storage.datasets.source import SourceVideo, UInt8Array
from storage.datasets.video.video_file import VIDEO_SUFFIXES, VideoFile
from storage.errors import DatasetError, MissingDatasetError

_SPLIT = "val"
_FRAMES, _MASKS = ("frames", "JPEGImages"), ("masks", "Annotations")
_MASK_SUFFIXES = ("", ".json", *sorted(ARRAY_SUFFIXES), *sorted(SUFFIXES))


@dataclass(frozen=True)
class OwnReader:
    """Reader of both layouts; implements `storage.datasets.readers.catalog.DatasetReader`.

    Args:
        name: name of the data set.
        files: whether a video is one file (True) or a folder of images (False).
    """

    name: str
    files: bool
    default_split: str = _SPLIT
    protocol: str = "youtube-vos"
    binary_masks: bool = False

    def splits(self, root: Path, *, frames: bool = True) -> dict[str, Path]:
        """The only split, "val".

        Raises:
            MissingDatasetError: the root has no video of this layout.
        """
        if not self._videos(root):
            wanted = "file .mp4, .mkv, .mov, .avi or .webm" if self.files else "folder frames"
            raise MissingDatasetError(
                f"{root} is not a dataset of kind {self.name}: it has no {wanted}. "
                "docs/own-videos.md shows where frames and masks must be."
            )
        return {_SPLIT: root}

    def image_set(self, root: Path, split: str) -> ImageSet:
        """All videos in natural order, with the file or folder of each video."""
        places = self._videos(root).items()
        return ImageSet(root, {name: [str(place.relative_to(root))] for name, place in places})

    def frames_of(self, root: Path, video: str, listed: list[str]) -> Path:
        """File or folder of a video's frames."""
        return root / listed[0]

    def video(self, root: Path, video: str, listed: list[str]) -> SourceVideo:
        """A video, not yet read."""
        return self._masked(root, video, listed)

    def annotations(self, root: Path, video: str, listed: list[str]) -> AnnotatedVideo:
        """The masks of a video, matched with its frames."""
        return _Annotations(self._masked(root, video, listed))

    def notes(self, root: Path) -> DatasetNotes:
        """Empty notes: these data sets have no attributes."""
        return DatasetNotes()

    def _masked(self, root: Path, video: str, listed: list[str]) -> MaskedVideo:
        place = root / listed[0]
        masks = self._masks(root, video, place)
        frames: FrameSequence = VideoFile(place) if self.files else ImageFolder(place, masks)
        return MaskedVideo(self.name, video, frames, masks, root)

    def _videos(self, root: Path) -> dict[str, Path]:
        if self.files:
            found = [p for p in root.iterdir() if p.suffix.lower() in VIDEO_SUFFIXES]
            return _by_name(in_natural_order(found), root)
        folder = next((root / name for name in _FRAMES if (root / name).is_dir()), None)
        if folder is None:
            return {}
        inner = in_natural_order(
            p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")
        )
        return _by_name(inner, root) if inner else {root.resolve().name: folder}

    def _masks(self, root: Path, video: str, place: Path) -> Path:
        folders = [root / name for name in _MASKS if (root / name).is_dir()]
        tried = [folder / f"{video}{suffix}" for folder in folders for suffix in _MASK_SUFFIXES]
        if self.files:
            tried += [root / f"{video}{suffix}" for suffix in _MASK_SUFFIXES]
        elif place.parent == root:
            tried += [folder for folder in folders if image_files(folder)]
        return next((masks for masks in tried if masks.exists()), root / _MASKS[0] / video)


FOLDER = OwnReader("folder", files=False)
VIDEO = OwnReader(OWN, files=True)


def _by_name(places: Sequence[Path], root: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for place in places:
        name = place.stem if place.is_file() else place.name
        if name.startswith("."):
            continue
        if name in found:
            raise DatasetError(
                f"{root} has two videos {name}: {found[name].name}, {place.name}. Rename one."
            )
        found[name] = place
    return found


class _Annotations:
    """The masks of a `MaskedVideo`, for evaluation."""

    objects: tuple[int, ...] | None = None

    def __init__(self, video: MaskedVideo) -> None:
        self.name = video.name
        self._video = video

    @property
    def frame_names(self) -> tuple[str, ...]:
        return tuple(self._video.masks.readers)

    @property
    def other_frames(self) -> frozenset[str]:
        return frozenset(self._video.frame_names) - frozenset(self.frame_names)

    def label_map(self, index: int) -> UInt8Array:
        return self._video.masks.readers[self.frame_names[index]]()
