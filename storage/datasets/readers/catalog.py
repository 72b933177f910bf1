"""Data sets by name. A new layout needs one module with a reader, and one line here."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from storage.datasets.readers.annotations import AnnotatedVideo, DatasetNotes
from storage.datasets.readers.davis import DAVIS_2016, DAVIS_2017
from storage.datasets.readers.image_sets import ImageSet
from storage.datasets.readers.own_folders import FOLDER, VIDEO
from storage.datasets.readers.segtrack import SEGTRACK_2
from storage.datasets.readers.youtube_vos import YOUTUBE_VOS
from storage.datasets.source import SourceVideo
from storage.errors import (
    MissingDatasetError,
    UnknownDatasetError,
    UnknownSplitError,
    UnknownVideoError,
)

_SHOWN = 30


class DatasetReader(Protocol):
    """Reads one layout of data sets."""

    @property
    def name(self) -> str: ...

    @property
    def default_split(self) -> str: ...

    @property
    def protocol(self) -> str:
        """Name of the protocol by which it is evaluated unless another is asked for.

        The protocol tells which frames, pixels and objects count.
        """
        ...

    @property
    def binary_masks(self) -> bool:
        """Whether mask files of predictions show one object, by any value that is not 0."""
        ...

    def splits(self, root: Path, *, frames: bool = True) -> dict[str, Path]:
        """The splits of a root; raises MissingDatasetError if the root has another layout.

        Without `frames`, the root needs only annotations.
        """
        ...

    def image_set(self, root: Path, split: str) -> ImageSet:
        """The videos of one of these splits."""
        ...

    def frames_of(self, root: Path, video: str, listed: list[str]) -> Path:
        """The place where the frames of a video must be: a folder or one file."""
        ...

    def video(self, root: Path, video: str, listed: list[str]) -> SourceVideo:
        """A video of an image set, with the frame names that the set lists for it."""
        ...

    def annotations(self, root: Path, video: str, listed: list[str]) -> AnnotatedVideo:
        """The annotations of such a video; raises MissingDatasetError if there are none."""
        ...

    def notes(self, root: Path) -> DatasetNotes:
        """Attributes of the videos, if the data set has them."""
        ...


READERS: Mapping[str, DatasetReader] = {
    reader.name: reader
    for reader in (DAVIS_2016, DAVIS_2017, SEGTRACK_2, YOUTUBE_VOS, FOLDER, VIDEO)
}

_WITH_LISTS = (DAVIS_2016, DAVIS_2017, SEGTRACK_2)
"""Layouts with lists of their videos; the folders beside the lists also fit other layouts."""


def dataset_names() -> list[str]:
    """Names that `open_dataset` takes."""
    return sorted(READERS)


def fitting_datasets(root: Path) -> list[str]:
    """Names of the data sets whose layout the folder `root` has; several if it does not decide.

    Raises:
        MissingDatasetError: there is no such folder.
    """
    root = _existing("a data set", root)
    for readers in (_WITH_LISTS, READERS.values()):
        if found := [reader.name for reader in readers if _fits(reader, root)]:
            return found
    return []


def dataset_splits(name: str, root: Path) -> list[str]:
    """Splits of the dataset at `root`, sorted; errors as for `open_dataset`."""
    return sorted(_reader(name).splits(_existing(name, root)))


def open_dataset(
    name: str,
    root: Path,
    split: str | None = None,
    videos: Sequence[str] | None = None,
) -> list[SourceVideo]:
    """Open the videos of a split. Frames and masks are checked when a video is first used.

    Args:
        name: such as "davis2016".
        root: folder of the dataset, in its official layout.
        split: name of an image-set file. None: the data set's default ("val" for DAVIS).
        videos: the videos to open, in this order. None: all videos of the split.

    Raises:
        UnknownDatasetError, UnknownSplitError, UnknownVideoError: the name does not exist; the
            message lists the names that do.
        MissingDatasetError: the root or a frame folder is missing, or has another layout.
    """
    reader = _reader(name)
    root = _existing(name, root)
    chosen, image_set, names = _choose(reader, root, split, videos, frames=True)
    listed = image_set.frames
    missing = [v for v in names if not reader.frames_of(root, v, listed[v]).exists()]
    if missing:
        folder = reader.frames_of(root, missing[0], listed[missing[0]])
        raise MissingDatasetError(
            f"{len(missing)} of {len(names)} videos of {name} split {chosen} have no frame folder "
            f"(such as {folder}): {_listing(missing)}. Restore them from the archive, or name the "
            "videos to open."
        )
    return [reader.video(root, video, listed[video]) for video in names]


def open_annotations(
    name: str,
    root: Path,
    split: str | None = None,
    videos: Sequence[str] | None = None,
) -> list[AnnotatedVideo]:
    """Open the annotations of a split's videos, for evaluation; the frames may be missing.

    Arguments and errors are those of `open_dataset`. Every video needs annotations.
    """
    reader = _reader(name)
    root = _existing(name, root)
    _, image_set, names = _choose(reader, root, split, videos, frames=False)
    return [reader.annotations(root, video, image_set.frames[video]) for video in names]


def dataset_notes(name: str, root: Path) -> DatasetNotes:
    """Attributes of a data set's videos; raises DatasetError if their file is not valid."""
    return _reader(name).notes(_existing(name, root))


def _choose(
    reader: DatasetReader,
    root: Path,
    split: str | None,
    videos: Sequence[str] | None,
    *,
    frames: bool,
) -> tuple[str, ImageSet, list[str]]:
    """The split, its image set and the names of the chosen videos."""
    splits = reader.splits(root, frames=frames)
    chosen = reader.default_split if split is None else split
    if chosen not in splits:
        raise UnknownSplitError(
            f"{reader.name} at {root} has no split {chosen!r}{_close(chosen, splits)} "
            f"Splits: {_listing(splits)}."
        )
    image_set = reader.image_set(root, chosen)
    names = list(dict.fromkeys(image_set.frames if videos is None else videos))
    if unknown := [video for video in names if video not in image_set.frames]:
        raise UnknownVideoError(_unknown_videos(reader, root, chosen, splits, image_set, unknown))
    return chosen, image_set, names


def _fits(reader: DatasetReader, root: Path) -> bool:
    try:
        return bool(reader.splits(root))
    except MissingDatasetError:
        return False


def _reader(name: str) -> DatasetReader:
    if name not in READERS:
        raise UnknownDatasetError(
            f"There is no reader for a dataset {name!r}{_close(name, READERS)} "
            f"Datasets: {_listing(READERS)}."
        )
    return READERS[name]


def _existing(name: str, root: Path) -> Path:
    root = root.expanduser()
    if not root.is_dir():
        raise MissingDatasetError(
            f"The root of {name}, {root}, {'is a file' if root.exists() else 'is not there'}. Give "
            "the folder into which the dataset was unpacked."
        )
    return root


def _unknown_videos(
    reader: DatasetReader,
    root: Path,
    split: str,
    splits: Iterable[str],
    image_set: ImageSet,
    unknown: list[str],
) -> str:
    lines = []
    for video in unknown:
        elsewhere = [
            other
            for other in splits
            if other != split and video in reader.image_set(root, other).frames
        ]
        hint = (
            f": it is in split {', '.join(elsewhere)}."
            if elsewhere
            else _close(video, image_set.frames)
        )
        lines.append(f"{reader.name} split {split} has no video {video!r}{hint}")
    return "\n".join([*lines, f"Videos of split {split}: {_listing(image_set.frames)}."])


def _close(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(close)}?" if close else "."


def _listing(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return ", ".join(every[:_SHOWN]) + more
