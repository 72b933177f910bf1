"""The generated data set, opened like those that are read from folders."""

from collections.abc import Sequence
from dataclasses import dataclass

from maskrnn_core.synthetic import SyntheticOptions, SyntheticVideo, synthetic_videos
from maskrnn_core.synthetic.video import SPLITS
from storage.datasets.readers.annotations import AnnotatedVideo, DatasetNotes
from storage.datasets.source import SourceVideo, UInt8Array
from storage.errors import UnknownSplitError, UnknownVideoError

SYNTHETIC = "synthetic"


@dataclass(frozen=True)
class GeneratedAnnotations:
    """An `AnnotatedVideo` of the generated data set, whose frames are all annotated."""

    video: SyntheticVideo

    @property
    def name(self) -> str:
        return self.video.name

    @property
    def frame_names(self) -> tuple[str, ...]:
        return self.video.frame_names

    @property
    def other_frames(self) -> frozenset[str]:
        return frozenset()

    @property
    def objects(self) -> None:
        return None

    def label_map(self, index: int) -> UInt8Array:
        return self.video.label_map(index)


@dataclass(frozen=True)
class GeneratedDataset:
    """A `tasks.inputs.sources.Dataset` without files.

    Args:
        split: "train" or "val".
        options: of the generator.
    """

    split: str
    options: SyntheticOptions

    def splits(self) -> Sequence[str]:
        return SPLITS

    def sources(self, videos: Sequence[str] | None) -> Sequence[SourceVideo]:
        return self._videos(videos)

    def annotated(self, videos: Sequence[str] | None) -> Sequence[AnnotatedVideo]:
        return [GeneratedAnnotations(video) for video in self._videos(videos)]

    def notes(self) -> DatasetNotes:
        return DatasetNotes()

    def _videos(self, names: Sequence[str] | None) -> list[SyntheticVideo]:
        if self.split not in SPLITS:
            raise UnknownSplitError(
                f"the synthetic data set has no split {self.split!r}; use train or val"
            )
        known = {v.name: v for v in synthetic_videos(self.split, self.options)}
        if unknown := [name for name in names or () if name not in known]:
            raise UnknownVideoError(
                f"the synthetic split {self.split} has no video {', '.join(unknown)}; "
                f"it has {', '.join(known)}"
            )
        return [video for name, video in known.items() if names is None or name in names]
