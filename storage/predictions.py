"""Predictions at rest: a label map per frame, and per object state, box and confidence."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from storage.artifacts import ArtifactStore
from storage.content import ArtifactWriter
from storage.datasets.source import UInt8Array
from storage.errors import IncompleteArtifactError
from storage.frame_arrays import FrameArrayReader, FrameArrayWriter, read_whole, write_whole

PREDICTIONS = "predictions"


class PredictionWriter:
    """Takes the frames of one video in order; made by `write_prediction`."""

    def __init__(
        self,
        writer: ArtifactWriter,
        size: tuple[int, int],
        objects: Sequence[int],
        frame_names: Sequence[str],
    ) -> None:
        count, objects_count = len(frame_names), len(objects)
        self._writer = writer
        self._count = count
        self._next = 0
        self._labels = FrameArrayWriter(writer, "labels", count, size, np.uint8)
        self._states = np.zeros((count, objects_count), np.uint8)
        self._boxes = np.zeros((count, objects_count, 4), np.float32)
        self._confidence = np.zeros((count, objects_count), np.float32)

    def add(
        self,
        index: int,
        label_map: UInt8Array,
        states: ArrayLike,
        boxes: ArrayLike,
        confidence: ArrayLike,
    ) -> None:
        """Write the next frame.

        Args:
            index: its index; frames come in order.
            label_map: uint8 (H, W) at the size given at the start.
            states: (N,) 0 tracked, 1 lost, 2 not yet annotated.
            boxes: (N, 4) xyxy, half open, pixels; NaN where there is none.
            confidence: (N,) in [0, 1].

        Raises:
            IncompleteArtifactError: for a frame out of order or arrays of other shapes.
        """
        if index != self._next or index >= self._count:
            raise IncompleteArtifactError(
                f"Prediction: frame {index} came where {self._next} of {self._count} was due."
            )
        try:
            self._labels.write(index, label_map)
            for array, values in (
                (self._states, states),
                (self._boxes, boxes),
                (self._confidence, confidence),
            ):
                given = np.asarray(values, dtype=array.dtype)
                array[index] = given.reshape(array.shape[1:])
        except ValueError as error:
            raise IncompleteArtifactError(f"Prediction: frame {index}: {error}.") from error
        self._next += 1

    def finish(self) -> None:
        """Write what is kept per video; `write_prediction` calls it."""
        if self._next != self._count:
            raise IncompleteArtifactError(
                f"Prediction: {self._next} of {self._count} frames came. Nothing was stored."
            )
        write_whole(self._writer, "states", self._states)
        write_whole(self._writer, "boxes", self._boxes)
        write_whole(self._writer, "confidence", self._confidence)


@contextmanager
def write_prediction(
    store: ArtifactStore,
    key: str,
    *,
    video: str,
    size: tuple[int, int],
    objects: Sequence[int],
    frame_names: Sequence[str],
    metadata: Mapping[str, Any],
) -> Iterator[PredictionWriter]:
    """Write a prediction frame by frame; complete when the block ends, nothing left if it raises.

    Args:
        store: where to.
        key: digest of all that determined the prediction.
        video: name of the video, the folder of its exported masks.
        size: (H, W) of the label maps, the size of the source's annotations.
        objects: ids in the label maps, ascending; N of them.
        frame_names: names of the T frames.
        metadata: JSON object of the caller.

    Raises:
        IncompleteArtifactError: when the block ends before the last frame.
        StoreFullError: when no space is left.
    """
    with store.create(PREDICTIONS, key) as writer:
        prediction = PredictionWriter(writer, size, objects, frame_names)
        yield prediction
        prediction.finish()
        writer.metadata = {
            **metadata,
            "video": video,
            "objects": list(objects),
            "frame_names": list(frame_names),
        }


class StoredPrediction:
    """A prediction, its label maps read one at a time.

    `states` (T, N) uint8, `boxes` (T, N, 4) float32, `confidence` (T, N) float32.

    Raises:
        MissingArtifactError, CorruptArtifactError, NewerSchemaError: see `ArtifactStore.open`.
    """

    def __init__(self, store: ArtifactStore, key: str) -> None:
        artifact = store.open(PREDICTIONS, key)
        self.key = key
        self.metadata: Mapping[str, Any] = artifact.metadata
        self.video: str = artifact.metadata["video"]
        self.objects: tuple[int, ...] = tuple(artifact.metadata["objects"])
        self.frame_names: tuple[str, ...] = tuple(artifact.metadata["frame_names"])
        self.states: NDArray[np.uint8] = read_whole(artifact, "states")
        self.boxes: NDArray[np.float32] = read_whole(artifact, "boxes")
        self.confidence: NDArray[np.float32] = read_whole(artifact, "confidence")
        self._labels = FrameArrayReader(artifact, "labels")
        self.frame_count = self._labels.shape[0]
        self.size = (self._labels.shape[1], self._labels.shape[2])

    def label_map(self, index: int) -> UInt8Array:
        """Label map as uint8 (H, W): 0 background, then ids of objects.

        Raises:
            IndexError: outside 0..T-1.
            CorruptArtifactError: when the chunk is missing or damaged.
        """
        return np.asarray(self._labels.read(index), dtype=np.uint8)
