"""What the annotations of a video hold: when objects appear, and what a protocol leaves out."""

from collections.abc import Sequence
from dataclasses import dataclass

from maskrnn_core.metrics.frame_counts import FrameCounts


@dataclass(frozen=True)
class AnnotationNotes:
    """What a reader of a video's figures should know of its annotations."""

    absent: tuple[int, ...] = ()
    """Objects that are counted and do not occur in any annotation."""
    frames_with_other_labels: tuple[int, ...] = ()
    """Frames whose annotation has labels above those that are counted."""
    has_void: bool = False
    """Whether an annotation has pixels that are 255."""


class Occurrence:
    """Follows which objects occur in the annotations, frame by frame.

    Args:
        objects: ids that are counted.
    """

    def __init__(self, objects: Sequence[int]) -> None:
        self._objects = tuple(objects)
        self._first: dict[int, int] = {}
        self._other: list[int] = []
        self._has_void = False

    def add(self, index: int, counts: FrameCounts) -> None:
        """Take note of the annotation of a frame."""
        for object_id in self._objects:
            if object_id not in self._first and counts.true_pixels[object_id - 1]:
                self._first[object_id] = index
        if counts.true_beyond:
            self._other.append(index)
        self._has_void = self._has_void or counts.has_void

    def first(self, object_id: int, frame_count: int) -> int:
        """Index of the frame where an object first appears; `frame_count` where it never does."""
        return self._first.get(object_id, frame_count)

    @property
    def notes(self) -> AnnotationNotes:
        absent = tuple(k for k in self._objects if k not in self._first)
        return AnnotationNotes(absent, tuple(self._other), self._has_void)
