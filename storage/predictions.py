"""Predictions at rest: a label map per frame, and per object state, box and confidence.

Written by one process at a time, under a lease; with the tracker's state kept beside them every
few frames, so that another one goes on from there.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from safetensors.numpy import load, save

from storage.artifacts import ArtifactStore
from storage.content import ArtifactWriter
from storage.datasets.source import UInt8Array
from storage.errors import IncompleteArtifactError
from storage.frame_arrays import FrameArrayReader, FrameArrayWriter, read_whole, write_whole
from storage.lease import Lease

PREDICTIONS = "predictions"


_CHECKPOINT = re.compile(r"checkpoint-(\d+)\.safetensors")


class PredictionWriter:
    """Takes the frames of one video in order; made by `write_prediction`.

    Attributes:
        next_frame: index of the frame to add; above 0 where a killed writer is continued.
        tracker_state: what that one gave to `checkpoint`, None at frame 0.
    """

    def __init__(
        self,
        writer: ArtifactWriter,
        size: tuple[int, int],
        objects: Sequence[int],
        frame_names: Sequence[str],
        lease: Lease,
    ) -> None:
        count, objects_count = len(frame_names), len(objects)
        self._writer = writer
        self._lease = lease
        self._count = count
        self.next_frame = 0
        self.tracker_state: dict[str, NDArray[Any]] | None = None
        self._checkpoint = ""
        self._labels = FrameArrayWriter(writer, "labels", count, size, np.uint8)
        self._states = np.zeros((count, objects_count), np.uint8)
        self._boxes = np.zeros((count, objects_count, 4), np.float32)
        self._confidence = np.zeros((count, objects_count), np.float32)
        self._resume()

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
        if index != self.next_frame or index >= self._count:
            raise IncompleteArtifactError(
                f"Prediction: frame {index} came where {self.next_frame} of {self._count} was due."
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
        self.next_frame += 1

    def checkpoint(self, state: Mapping[str, NDArray[Any]]) -> None:
        """From here on, the frames so far are not segmented again, whatever happens.

        Args:
            state: arrays with which segmentation goes on; any names, shapes and types.

        Raises:
            LeaseLostError: another process works on this prediction.
        """
        self._lease.check()
        former, self._checkpoint = self._checkpoint, f"checkpoint-{self.next_frame}.safetensors"
        arrays = {f"tracker.{name}": np.ascontiguousarray(state[name]) for name in state}
        self._writer.temporary.add(self._checkpoint)
        self._writer.put(self._checkpoint, save(arrays | self._per_object()))
        self._writer.save_progress()
        if former:  # only now: the note of a killed writer names one that is whole
            self._writer.drop(former)

    def _resume(self) -> None:
        left = [match for name in self._writer.digests if (match := _CHECKPOINT.fullmatch(name))]
        if not left:
            return
        newest = max(left, key=lambda match: int(match[1]))
        self._writer.temporary.update(match[0] for match in left)
        arrays = load(self._writer.read_back(newest[0]))
        for name, array in self._per_object().items():
            array[...] = arrays.pop(name)
        self.next_frame = int(newest[1])
        self.tracker_state = {name.removeprefix("tracker."): arrays[name] for name in arrays}
        self._checkpoint = newest[0]

    def _per_object(self) -> dict[str, NDArray[Any]]:
        return {"states": self._states, "boxes": self._boxes, "confidence": self._confidence}

    def finish(self) -> None:
        """Write what is kept per video; `write_prediction` calls it."""
        self._lease.check()
        if self.next_frame != self._count:
            raise IncompleteArtifactError(
                f"Prediction: {self.next_frame} of {self._count} frames came. Nothing was stored."
            )
        for name, array in self._per_object().items():
            write_whole(self._writer, name, array)


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
    """Write a prediction frame by frame, alone; complete when the block ends.

    When it raises or is killed, what was written up to the last `PredictionWriter.checkpoint`
    stays, and the next call with the same key begins there.

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
        LeaseLostError: when another process took over, since this one was stopped for long.
        StoreFullError: when no space is left.
    """
    plan = {"frames": len(frame_names), "size": list(size), "objects": list(objects)}
    lease = store.lease(PREDICTIONS, key)
    assert lease is not None  # it is waited for without end
    with lease, store.create(PREDICTIONS, key, plan) as writer:
        prediction = PredictionWriter(writer, size, objects, frame_names, lease)
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
