"""Opens data sets by name: those that `storage` reads from folders, and the generated one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from maskrnn_core.synthetic import SyntheticOptions, synthetic_videos
from storage.datasets.readers import catalog
from storage.datasets.readers.own_video import open_own_video
from storage.datasets.source import SourceVideo
from storage.errors import UnknownSplitError, UnknownVideoError
from tasks.errors import ParameterError

SYNTHETIC = "synthetic"


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


def dataset_names() -> list[str]:
    """Return all known data sets."""
    return [SYNTHETIC, *catalog.dataset_names()]


def told_by_layout(root: str) -> str:
    """Return the name of the data set whose layout a folder has.

    Raises:
        ParameterError: the layout is that of none, or of several.
        MissingDatasetError: there is no such folder.
    """
    found = catalog.fitting_datasets(Path(root))
    if len(found) == 1:
        return found[0]
    if found:
        raise ParameterError(
            f"the folder {root} can be read as {' or '.join(found)}: choose one with --dataset"
        )
    raise ParameterError(
        f"the folder {root} has the layout of no known data set: name its kind with --dataset "
        f"({', '.join(catalog.dataset_names())}), or correct --root"
    )


def open_sources(spec: DatasetSpec, videos: Sequence[str] | None = None) -> list[SourceVideo]:
    """Return the videos of a split, or the named ones, in the order of the data set.

    Raises:
        ParameterError: unknown data set, or a missing root.
        DatasetError: the reader found a fault; names the file and what to do.
    """
    if spec.name == SYNTHETIC:
        return _synthetic_sources(spec, videos)
    if spec.masks is not None:
        return [open_own_video(folder_of(spec), Path(spec.masks))]
    return list(catalog.open_dataset(spec.name, folder_of(spec), spec.split, videos))


def folder_of(spec: DatasetSpec) -> Path:
    """Return the folder of a data set that is read from files.

    Raises:
        ParameterError: unknown data set, or a missing root.
    """
    if spec.name not in catalog.dataset_names():
        raise ParameterError(
            f"unknown data set {spec.name!r}; known are {', '.join(dataset_names())}"
        )
    if spec.root is None:
        raise ParameterError(
            f"the data set {spec.name} is read from files: give its folder with --root"
        )
    return Path(spec.root)


def open_source(spec: DatasetSpec, video: str) -> SourceVideo:
    """Return one video of a split; raises as `open_sources`."""
    return open_sources(spec, [video])[0]


def has_split(spec: DatasetSpec, split: str) -> bool:
    """Whether the data set at this root has a split of that name.

    Raises:
        ParameterError, DatasetError: as `open_sources`.
    """
    if spec.name == SYNTHETIC or spec.root is None:
        return split in ("train", "val")
    if spec.masks is not None:
        return split == "val"
    return split in catalog.dataset_splits(spec.name, Path(spec.root))


def _synthetic_sources(spec: DatasetSpec, names: Sequence[str] | None) -> list[SourceVideo]:
    if spec.root is not None:
        raise ParameterError(
            f"the data set {SYNTHETIC} is generated and would not be read from {spec.root}: name "
            f"the data set of that folder ({', '.join(catalog.dataset_names())}), or remove root"
        )
    split = spec.split or "val"
    if split not in ("train", "val"):
        raise UnknownSplitError(f"the synthetic data set has no split {split!r}; use train or val")
    videos = synthetic_videos(cast(Literal["train", "val"], split), spec.synthetic)
    if names is None:
        return list(videos)
    known = {video.name: video for video in videos}
    if unknown := [name for name in names if name not in known]:
        raise UnknownVideoError(
            f"the synthetic split {split} has no video {', '.join(unknown)}; "
            f"it has {', '.join(known)}"
        )
    return [video for name, video in known.items() if name in names]
