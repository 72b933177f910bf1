"""Evaluation of one video, one pair of label maps at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.metrics.frame_counts import FrameCounter
from maskrnn_core.metrics.occurrence import Occurrence
from maskrnn_core.metrics.protocols import Protocol
from maskrnn_core.metrics.scores import ObjectScores, VideoScores
from maskrnn_core.metrics.stability import ContourShape, contour_shape, instability
from maskrnn_core.video import VOID

UInt8Array = NDArray[np.uint8]
FloatArray = NDArray[np.float64]

MOST_PROPOSALS = 20
"""Labels that a prediction may use in the DAVIS-2017 unsupervised protocol."""


@dataclass(frozen=True, eq=False)
class FrameScores:
    """Figures of one frame. Rows are the objects; columns are the compared labels."""

    index: int
    region: FloatArray
    """J, shape (N,). In a matched protocol (N, labels), because labels are assigned at the end."""
    contour: FloatArray
    """F, of the same shape."""
    stability: FloatArray
    """T with the previous frame, per compared label; NaN where undefined or not requested."""


class VideoEvaluator:
    """Evaluates the label maps of a video in order; keeps only figures, so memory is bounded.

    It can be pickled before and after its first frame.
    """

    def __init__(
        self,
        protocol: Protocol,
        objects: Sequence[int],
        frame_count: int,
        *,
        video: str = "",
        stability: bool = True,
    ) -> None:
        """Create an evaluator for objects with these ids and `frame_count` annotated frames.

        Raises:
            InvalidInputError: an id is outside 1..254, or the frame count is below 1.
        """
        if frame_count < 1 or any(not 1 <= k <= 254 for k in objects):
            raise InvalidInputError(
                f"video {video!r} has objects {list(objects)} and {frame_count} frames; ids must "
                "be in 1..254 and there must be a frame: check its annotations"
            )
        self._protocol, self._video, self._with_stability = protocol, video, stability
        self._objects = (1,) if protocol.binary else tuple(objects)
        self._labels = self._objects
        self._frame_count = frame_count
        skipped = int(protocol.skip_ends)
        self._counted = slice(skipped, max(frame_count - skipped, skipped))
        self._counter: FrameCounter | None = None
        self._shapes: dict[int, ContourShape | None] = {}
        self._frames: list[FrameScores] = []
        self._absent: list[tuple[FloatArray, FloatArray]] = []
        self._excess: list[int] = []
        self._occurrence = Occurrence(self._objects)

    def add(self, annotation: UInt8Array, prediction: UInt8Array) -> FrameScores:
        """Figures of the next frame from its label maps, uint8 (H, W).

        Raises:
            InvalidInputError: type or size differ from the frames before, there are too many
                frames, or more labels than a matched protocol accepts.
        """
        index = len(self._frames)
        if index == self._frame_count:
            raise InvalidInputError(
                f"the evaluator of video {self._video!r} was created for {self._frame_count} "
                "frames, but there are more; pass the number of its annotated frames"
            )
        if self._protocol.binary:
            annotation, prediction = _binary(annotation), _binary(prediction)
        if self._protocol.matched:
            self._admit_labels(prediction, index)
        if self._counter is None:
            self._counter = self._build_counter(annotation.shape)
        counts = self._counter.count(annotation, prediction)
        self._occurrence.add(index, counts)
        if counts.beyond:
            self._excess.append(index)
        region, contour = counts.region(), counts.contour()
        if self._protocol.matched:
            shape = len(self._objects), len(self._labels) + 1
            region, contour = region.reshape(shape), contour.reshape(shape)
            self._absent.append((region[:, -1], contour[:, -1]))
            region, contour = region[:, :-1], contour[:, :-1]
        scores = FrameScores(index, region, contour, self._stability(prediction, index))
        self._frames.append(scores)
        return scores

    def result(self) -> VideoScores:
        """Figures of the whole video.

        Raises:
            InvalidInputError: frames are missing.
        """
        if len(self._frames) != self._frame_count:
            raise InvalidInputError(
                f"the evaluator of video {self._video!r} was created for {self._frame_count} "
                f"frames, but only {len(self._frames)} were given; give an empty label map for a "
                "missing prediction"
            )
        region, contour = self._stacked("region", 0), self._stacked("contour", 1)
        stability = self._stacked_stability()
        columns = list(range(len(self._objects)))
        if self._protocol.matched:
            columns = assign(region[self._counted], contour[self._counted])
            rows = np.arange(len(columns))
            region, contour = region[:, rows, columns], contour[:, rows, columns]
        objects = tuple(
            ObjectScores(
                object_id=object_id,
                predicted_label=self._labels[column],
                region=region[:, position],
                contour=contour[:, position],
                stability=self._counted_pairs(object_id, stability[:, column]),
                counted=self._counted_frames(object_id),
            )
            for position, (object_id, column) in enumerate(zip(self._objects, columns, strict=True))
        )
        return VideoScores(self._video, objects, tuple(self._excess), self._occurrence.notes)

    def _counted_frames(self, object_id: int) -> slice:
        if not self._protocol.from_appearance:
            return self._counted
        first = self._occurrence.first(object_id, self._frame_count)
        return slice(min(first + 1, self._frame_count), self._frame_count)

    def _counted_pairs(self, object_id: int, stability: FloatArray) -> FloatArray:
        """T of a pair of frames counts where both of them do."""
        kept = stability.copy()
        kept[: self._counted_frames(object_id).start] = np.nan
        return kept

    def _build_counter(self, size: tuple[int, ...]) -> FrameCounter:
        most, top = max(self._objects, default=0), max(self._labels, default=0)
        pairs = [(k, k) for k in self._objects]
        if self._protocol.matched:
            # The label after the last one is always absent; it stands for labels of later frames.
            pairs = [(k, label) for k in self._objects for label in (*self._labels, top + 1)]
            top += 1
        return FrameCounter(
            (size[0], size[1]), most, top, pairs, ignore_void=self._protocol.ignore_void
        )

    def _admit_labels(self, prediction: UInt8Array, index: int) -> None:
        """Compare all labels seen so far, and at least as many labels as objects."""
        top = max(int(prediction.max(initial=0)), len(self._objects))
        if top > MOST_PROPOSALS and top > len(self._objects):
            raise InvalidInputError(
                f"video {self._video!r}, frame {index}: the prediction has label {top}, but "
                f"{self._protocol.name} accepts at most {MOST_PROPOSALS} labels, numbered from 1"
            )
        if index == 0 or top > len(self._labels):
            self._labels = tuple(range(1, top + 1))
            self._counter = None

    def _stability(self, prediction: UInt8Array, index: int) -> FloatArray:
        values = np.full(len(self._labels), np.nan)
        counted = self._counted.start <= index < self._counted.stop
        if not (self._with_stability and counted):
            return values
        shapes = {label: contour_shape(prediction, label) for label in self._labels}
        if index > self._counted.start:
            for position, label in enumerate(self._labels):
                values[position] = instability(self._shapes.get(label), shapes[label])
        self._shapes = shapes
        return values

    def _stacked(self, name: str, which: int) -> FloatArray:
        """(T, N), or (T, N, labels). Labels unknown at a frame count as absent there."""
        if not self._protocol.matched:
            return np.array([getattr(frame, name) for frame in self._frames])
        stacked = np.empty((self._frame_count, len(self._objects), len(self._labels)))
        for row, frame, absent in zip(stacked, self._frames, self._absent, strict=True):
            row[:] = absent[which][:, np.newaxis]
            values: FloatArray = getattr(frame, name)
            row[:, : values.shape[1]] = values
        return stacked

    def _stacked_stability(self) -> FloatArray:
        stacked = np.full((self._frame_count - 1, len(self._labels)), np.nan)
        for row, frame in zip(stacked, self._frames[1:], strict=True):
            row[: len(frame.stability)] = frame.stability
        return stacked


def objects_of(first_annotation: UInt8Array) -> tuple[int, ...]:
    """Ids 1..largest label of a video's first annotation, as DAVIS-2017 counts them (not 255)."""
    labels = first_annotation[first_annotation != VOID]
    return tuple(range(1, int(labels.max(initial=0)) + 1))


def occurring_objects(annotations: Iterable[UInt8Array]) -> tuple[int, ...]:
    """Ids 1..254 that occur in any annotation, ascending."""
    found: set[int] = set()
    for labels in annotations:
        found.update(np.flatnonzero(np.bincount(labels.reshape(-1), minlength=256)).tolist())
    return tuple(sorted(found - {0, VOID}))


def assign(region: FloatArray, contour: FloatArray) -> list[int]:
    """Column for every object, with the largest sum of mean J plus mean F.

    Both are (T, objects, labels), with at least as many labels as objects.
    """
    from scipy.optimize import linear_sum_assignment

    gain = (region.mean(axis=0) + contour.mean(axis=0)) / 2
    objects, labels = linear_sum_assignment(gain, maximize=True)
    return [int(label) for _, label in sorted(zip(objects, labels, strict=True))]


def _binary(labels: UInt8Array) -> UInt8Array:
    if labels.max(initial=0) <= 1:
        return labels
    mask: UInt8Array = (labels != 0).view(np.uint8)
    return mask
