"""Annotations of any data set, generated ones included."""

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
    """Annotated videos of a split, or those named; frames of the data set are not read.

    Raises:
        ParameterError: unknown data set, or a root that is missing.
        DatasetError: what the reader found wrong; names the file and the cure.
    """
    if spec.name == SYNTHETIC:
        return [GeneratedAnnotations(source) for source in open_sources(spec, videos)]
    return catalog.open_annotations(spec.name, folder_of(spec), spec.split, videos)


def open_notes(spec: DatasetSpec) -> DatasetNotes:
    """Attributes of the videos; errors as `open_annotated`."""
    if spec.name == SYNTHETIC:
        return DatasetNotes()
    return catalog.dataset_notes(spec.name, folder_of(spec))
