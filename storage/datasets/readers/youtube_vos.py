"""YouTube-VOS: palette masks on every fifth frame or fewer; objects may first appear later.

Layout: [SPLIT/]JPEGImages/VIDEO/00000.jpg, [SPLIT/]Annotations/VIDEO/00000.png and optionally
[SPLIT/]meta.json. Splits are the folders train, valid (here "val") and test. A root with JPEGImages
in it is one split, "val". The numbers of frames have gaps.
"""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from storage.datasets.images.image_files import image_files
from storage.datasets.images.names import name_fault
from storage.datasets.masks.label_maps import read_label_map
from storage.datasets.readers.annotated_frames import FrameFiles, FrameFileVideo
from storage.datasets.readers.annotations import (
    DatasetNotes,
    FileAnnotations,
    MaskFiles,
)
from storage.datasets.readers.image_sets import ImageSet
from storage.datasets.source import SourceVideo
from storage.errors import DatasetError, MissingDatasetError

_FRAMES, _MASKS, _META = "JPEGImages", "Annotations", "meta.json"
_SPLITS = {"train": "train", "val": "valid", "test": "test"}


@dataclass(frozen=True)
class YouTubeVosReader:
    """Reader of this layout; implements `storage.datasets.readers.catalog.DatasetReader`."""

    name: str = "youtube-vos"
    default_split: str = "val"
    protocol: str = "youtube-vos"
    binary_masks: bool = False

    def splits(self, root: Path, *, frames: bool = True) -> dict[str, Path]:
        """Folder of each split.

        Raises:
            MissingDatasetError: no split has the folders of the layout.
        """
        needed = (_FRAMES, _MASKS) if frames else (_MASKS,)
        places = {split: root / name for split, name in _SPLITS.items()}
        found = {split: place for split, place in places.items() if _has(place, needed)}
        if not found and _has(root, needed):
            found = {self.default_split: root}
        if not found:
            raise MissingDatasetError(
                f"{root} is not a {self.name} folder: neither it nor train, valid or test in it "
                f"has {' and '.join(needed)}. Give the folder with the unpacked data set."
            )
        return found

    def image_set(self, root: Path, split: str) -> ImageSet:
        """Videos by name, with the folder of their split."""
        place = self.splits(root, frames=False)[split]
        meta, listed = place / _META, [str(place.relative_to(root))]
        if meta.is_file():
            return ImageSet(meta, dict.fromkeys(sorted(_read_meta(meta)), listed))
        folders = sorted(path.name for path in (place / _MASKS).iterdir() if path.is_dir())
        return ImageSet(place, {name: listed for name in folders if not name.startswith(".")})

    def frames_of(self, root: Path, video: str, listed: list[str]) -> Path:
        """Folder of a video's frames; it may not exist."""
        return root / listed[0] / _FRAMES / video

    def video(self, root: Path, video: str, listed: list[str]) -> SourceVideo:
        """A video whose files are listed later."""
        return FrameFileVideo(self.name, video, partial(_list_files, root / listed[0], video))

    def annotations(self, root: Path, video: str, listed: list[str]) -> FileAnnotations:
        """The masks of a video; its frames may be missing.

        Raises:
            MissingDatasetError: there is no mask.
        """
        masks = _mask_files(root / listed[0], video)
        folder = self.frames_of(root, video, listed)
        frames = {path.stem for path in image_files(folder)} if folder.is_dir() else set()
        return FileAnnotations(video, masks, frozenset(frames - set(masks.files)))

    def notes(self, root: Path) -> DatasetNotes:
        """Empty notes: the categories in meta.json are not attributes of videos."""
        return DatasetNotes()


YOUTUBE_VOS = YouTubeVosReader()


def _has(place: Path, folders: tuple[str, ...]) -> bool:
    return all((place / folder).is_dir() for folder in folders)


def _read_meta(path: Path) -> dict[str, dict[str, list[str]]]:
    """Contents of meta.json: for each video, the frames of each object."""
    try:
        videos = json.loads(path.read_bytes())["videos"]
        found = {str(name): _frames_of(value["objects"]) for name, value in videos.items()}
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(
            f"{path} is not a list of YouTube-VOS videos ({type(error).__name__}: {error}). "
            "Restore it from the archive, or remove it."
        ) from error
    if not found:
        raise DatasetError(f"{path} lists no video. Restore it from the archive.")
    for name in found:
        if fault := name_fault(name):
            raise DatasetError(
                f"{path}: {name[:200]!r} is not the name of a video: it {fault}. "
                "Restore it from the archive."
            )
    return found


def _frames_of(objects: Any) -> dict[str, list[str]]:
    frames = {str(number): told.get("frames") or [] for number, told in objects.items()}
    if not all(isinstance(listed, list) for listed in frames.values()):
        raise TypeError("frames that are not a list")
    return {number: [str(name) for name in listed] for number, listed in frames.items()}


def _list_files(place: Path, video: str) -> FrameFiles:
    folder = place / _FRAMES / video
    if not folder.is_dir() or not (frames := image_files(folder)):
        raise MissingDatasetError(
            f"{folder} has no frames. Restore it from the archive, or leave the video out."
        )
    masks = _mask_files(place, video)
    return FrameFiles(tuple(frames), masks, _objects_lacking(place, video, masks), sparse=True)


def _mask_files(place: Path, video: str) -> MaskFiles:
    folder = place / _MASKS / video
    if not folder.is_dir() or not (files := image_files(folder)):
        raise MissingDatasetError(
            f"{folder} has no masks. Restore it from the archive, or leave the video out."
        )
    return MaskFiles({path.stem: (path,) for path in files}, read_label_map)


def _objects_lacking(place: Path, video: str, masks: MaskFiles) -> tuple[str, ...]:
    """Problems: objects of meta.json whose first annotated frame has no mask file."""
    meta = place / _META
    if not meta.is_file():
        return ()
    problems = []
    for number, frames in _read_meta(meta).get(video, {}).items():
        if frames and frames[0] not in masks.files:
            problems.append(
                f"{place / _MASKS / video}: the mask of frame {frames[0]}, where object {number} "
                "first appears, is missing"
            )
    return tuple(problems)
