"""Opens the annotations of any data set, including the generated one."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.datasets.readers import catalog
from storage.datasets.readers.annotations import AnnotatedVideo, DatasetNotes
from storage.datasets.source import SourceVideo, UInt8Array
from tasks.inputs.sources import SYNTHETIC, DatasetSpec, folder_of, open_sources


@dataclass(frozen=True)
class GeneratedAnnotations:
    """An `AnnotatedVideo` of the generated data set, whose frames are all annotated."""

    source: SourceVideo

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def frame_names(self) -> tuple[str, ...]:
        return self.source.frame_names

    @property
    def other_frames(self) -> frozenset[str]:
        return frozenset()

    @property
    def objects(self) -> None:
        return None

    def label_map(self, index: int) -> UInt8Array:
        labels = self.source.label_map(index)
        if labels is None:  # every generated frame has one
            raise IndexError(f"{self.name} has no annotation {index}")
        return labels


def open_annotated(
    spec: DatasetSpec, videos: Sequence[str] | None = None
) -> Sequence[AnnotatedVideo]:
    """Return annotated videos of a split, or the named ones; frames are not read.

    Raises:
        ParameterError: unknown data set, or a missing root.
        DatasetError: the reader found a fault; names the file and what to do.
    """
    if spec.name == SYNTHETIC:
        return [GeneratedAnnotations(source) for source in open_sources(spec, videos)]
    return catalog.open_annotations(spec.name, folder_of(spec), spec.split, videos)


def open_notes(spec: DatasetSpec) -> DatasetNotes:
    """Return the attributes of the videos; errors as for `open_annotated`."""
    if spec.name == SYNTHETIC:
        return DatasetNotes()
    return catalog.dataset_notes(spec.name, folder_of(spec))
