"""Opens data sets by name: those that `storage` reads from folders, and the generated one."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from maskrnn_core.synthetic.options import SyntheticOptions
from storage.datasets.readers import catalog
from storage.datasets.readers.annotations import AnnotatedVideo, DatasetNotes
from storage.datasets.readers.own_video import open_own_video
from storage.datasets.source import SourceVideo
from tasks.errors import ParameterError
from tasks.inputs.generated import SYNTHETIC, GeneratedDataset

logger = logging.getLogger("maskrnn.run")


@dataclass(frozen=True)
class DatasetSpec:
    """One split of a data set; small, so that units open it on their worker.

    Args:
        name: one of `dataset_names()`.
        root: folder of a data set that is read from files.
        split: such as "train" or "val"; None means the data set's own default.
        synthetic: options of the generated data set.
        masks: file or folder with the masks of a user's video; `root` is then this video, a file
            or a folder of images, and there is no other split.
    """

    name: str
    root: str | None = None
    split: str | None = None
    synthetic: SyntheticOptions = field(default_factory=SyntheticOptions)
    masks: str | None = None


class Dataset(Protocol):
    """One split of a data set, whose videos are opened by name; None opens all."""

    def splits(self) -> Sequence[str]:
        """The splits of the data set."""
        ...

    def sources(self, videos: Sequence[str] | None) -> Sequence[SourceVideo]:
        """The videos."""
        ...

    def annotated(self, videos: Sequence[str] | None) -> Sequence[AnnotatedVideo]:
        """Their annotations, for evaluation; the frames may be missing."""
        ...

    def notes(self) -> DatasetNotes:
        """Attributes of the videos."""
        ...


@dataclass(frozen=True)
class FolderDataset:
    """A data set that is read from a folder, or a user's own video."""

    spec: DatasetSpec

    def splits(self) -> Sequence[str]:
        if self.spec.masks is not None:
            return ("val",)
        if self.spec.root is None:
            return ("train", "val")
        return catalog.dataset_splits(self.spec.name, self._folder())

    def sources(self, videos: Sequence[str] | None) -> Sequence[SourceVideo]:
        if self.spec.masks is not None:
            return [open_own_video(self._folder(), Path(self.spec.masks))]
        return catalog.open_dataset(self.spec.name, self._folder(), self.spec.split, videos)

    def annotated(self, videos: Sequence[str] | None) -> Sequence[AnnotatedVideo]:
        return catalog.open_annotations(self.spec.name, self._folder(), self.spec.split, videos)

    def notes(self) -> DatasetNotes:
        return catalog.dataset_notes(self.spec.name, self._folder())

    def _folder(self) -> Path:
        if self.spec.name not in catalog.dataset_names():
            raise ParameterError(
                f"unknown data set {self.spec.name!r}; known are {', '.join(dataset_names())}"
            )
        if self.spec.root is None:
            raise ParameterError(
                f"the data set {self.spec.name} is read from files: give its folder with --root"
            )
        return Path(self.spec.root)


def dataset_names() -> list[str]:
    """Return all known data sets."""
    return [SYNTHETIC, *catalog.dataset_names()]


def told_by_layout(root: str) -> str:
    """Return the name of the data set whose layout a folder has, and log it.

    Raises:
        ParameterError: the layout is that of none, or of several.
        MissingDatasetError: there is no such folder.
    """
    found = catalog.fitting_datasets(Path(root))
    if len(found) == 1:
        logger.info("%s is read as the data set %s, by its layout", root, found[0])
        return found[0]
    if found:
        raise ParameterError(
            f"the folder {root} can be read as {' or '.join(found)}: choose one with --dataset"
        )
    raise ParameterError(
        f"the folder {root} has the layout of no known data set: name its kind with --dataset "
        f"({', '.join(catalog.dataset_names())}), or correct --root"
    )


def open_dataset(spec: DatasetSpec) -> Dataset:
    """Return the data set of a name.

    Its methods raise ParameterError for an unknown data set or a missing root, and DatasetError for
    a fault that the reader found; the message names the file and what to do.

    Raises:
        ParameterError: the generated data set was given a folder.
    """
    if spec.name == SYNTHETIC:
        if spec.root is not None:
            raise ParameterError(
                f"the data set {SYNTHETIC} is generated and would not be read from {spec.root}: "
                f"name the data set of that folder ({', '.join(catalog.dataset_names())}), or "
                "remove root"
            )
        return GeneratedDataset(spec.split or "val", spec.synthetic)
    return FolderDataset(spec)


def open_sources(spec: DatasetSpec, videos: Sequence[str] | None = None) -> list[SourceVideo]:
    """Return the videos of a split, or the named ones, in the order of the data set.

    Raises:
        ParameterError, DatasetError: as `open_dataset`.
    """
    return list(open_dataset(spec).sources(videos))


def open_source(spec: DatasetSpec, video: str) -> SourceVideo:
    """Return one video of a split; raises as `open_sources`."""
    return open_sources(spec, [video])[0]


def has_split(spec: DatasetSpec, split: str) -> bool:
    """Whether the data set at this root has a split of that name; raises as `open_sources`."""
    return split in open_dataset(spec).splits()
