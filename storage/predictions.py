"""Predictions at rest: a label map per frame, and per object state, box and confidence.

One Zarr hierarchy per video, which xarray opens: `labels` (frame, y, x), `state` and `confidence`
(frame, object), `box` (frame, object, corner), `shot` (frame), perhaps `probability` (frame,
object, y, x), and the coordinates `frame`, `object` and, where it is known, `time`.

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
from storage.frame_arrays import FrameArrayReader, read_whole, write_whole
from storage.frame_buffer import FrameBuffer
from storage.lease import Lease

PREDICTIONS = "predictions"

_IMAGES, _NUMBERS = 50, 1000
"""Frames in one file, of images and of what is known per object."""

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
        frame_count: int,
        lease: Lease,
        *,
        soft_masks: bool,
    ) -> None:
        self._writer = writer
        self._lease = lease
        self._count = frame_count
        self.next_frame = 0
        self.tracker_state: dict[str, NDArray[Any]] | None = None
        self._checkpoint = ""
        self._arrays = _arrays(writer, frame_count, size, len(objects), soft_masks)
        self._resume()

    def add(
        self,
        index: int,
        label_map: UInt8Array,
        states: ArrayLike,
        boxes: ArrayLike,
        confidence: ArrayLike,
        shot: int = 0,
        probabilities: ArrayLike | None = None,
    ) -> None:
        """Write the next frame.

        Args:
            index: its index; frames come in order.
            label_map: uint8 (H, W) at the size given at the start.
            states: (N,) 0 tracked, 1 lost, 2 not yet annotated.
            boxes: (N, 4) xyxy, half open, pixels; NaN where there is none.
            confidence: (N,) in [0, 1].
            shot: number of its shot, from 0 on.
            probabilities: uint8 (N, H, W), 255 times the probability of each object; given where,
                and only where, soft masks are kept.

        Raises:
            IncompleteArtifactError: for a frame out of order or arrays of other shapes.
        """
        if index != self.next_frame or index >= self._count:
            raise IncompleteArtifactError(
                f"Prediction: frame {index} came where {self.next_frame} of {self._count} was due."
            )
        values: dict[str, ArrayLike] = {
            "labels": label_map,
            "state": states,
            "box": boxes,
            "confidence": confidence,
            "shot": shot,
        }
        if probabilities is not None:
            values["probability"] = probabilities
        try:
            if values.keys() != self._arrays.keys():
                raise ValueError("soft masks are missing, or were not announced")
            for name, array in self._arrays.items():
                array.add(values[name])
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
        # Not ascontiguousarray, which gives an axis to what has none.
        arrays = {f"tracker.{name}": np.asarray(state[name], order="C") for name in state}
        pending = {f"pending.{name}": array.pending() for name, array in self._arrays.items()}
        self._writer.temporary.add(self._checkpoint)
        self._writer.put(self._checkpoint, save(arrays | pending))
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
        self.next_frame = int(newest[1])
        for name, array in self._arrays.items():
            array.resume(self.next_frame, arrays.pop(f"pending.{name}"))
        self.tracker_state = {name.removeprefix("tracker."): arrays[name] for name in arrays}
        self._checkpoint = newest[0]

    def finish(self) -> None:
        """Check that all is there; `write_prediction` calls it."""
        self._lease.check()
        if self.next_frame != self._count:
            raise IncompleteArtifactError(
                f"Prediction: {self.next_frame} of {self._count} frames came. Nothing was stored."
            )


def _arrays(
    writer: ArtifactWriter, count: int, size: tuple[int, int], objects: int, soft_masks: bool
) -> dict[str, FrameBuffer]:
    def images(name: str, shape: tuple[int, ...], axes: tuple[str, ...]) -> FrameBuffer:
        return FrameBuffer(writer, name, count, shape, np.uint8, axes, _IMAGES, alone=True)

    def numbers(name: str, shape: tuple[int, ...], dtype: type, *axes: str) -> FrameBuffer:
        return FrameBuffer(writer, name, count, shape, dtype, axes, _NUMBERS)

    arrays = {
        "labels": images("labels", size, ("y", "x")),
        "state": numbers("state", (objects,), np.uint8, "object"),
        "box": numbers("box", (objects, 4), np.float32, "object", "corner"),
        "confidence": numbers("confidence", (objects,), np.float32, "object"),
        "shot": numbers("shot", (), np.int32),
    }
    if soft_masks:
        arrays["probability"] = images("probability", (objects, *size), ("object", "y", "x"))
    return arrays


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
    frame_times: Sequence[float] | None = None,
    soft_masks: bool = False,
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
        metadata: JSON object of the caller, read when the block ends; what differs between two
            runs with one result belongs there.
        frame_times: seconds at which the frames are shown; None where nothing tells.
        soft_masks: whether the probability of each object is kept, at 8 bits.

    Raises:
        IncompleteArtifactError: when the block ends before the last frame.
        LeaseLostError: when another process took over, since this one was stopped for long.
        StoreFullError: when no space is left.
    """
    count = len(frame_names)
    plan = {
        "format": 2,
        "frames": count,
        "size": list(size),
        "objects": list(objects),
        "soft_masks": soft_masks,
    }
    lease = store.lease(PREDICTIONS, key)
    assert lease is not None  # it is waited for without end
    with lease, store.create(PREDICTIONS, key, plan) as writer:
        _write_coordinates(writer, video, count, objects, frame_times)
        prediction = PredictionWriter(writer, size, objects, count, lease, soft_masks=soft_masks)
        yield prediction
        prediction.finish()
        writer.metadata = {
            **metadata,
            "video": video,
            "objects": list(objects),
            "frame_names": list(frame_names),
            "timed": frame_times is not None,
        }


def _write_coordinates(
    writer: ArtifactWriter,
    video: str,
    count: int,
    objects: Sequence[int],
    times: Sequence[float] | None,
) -> None:
    write_whole(writer, "frame", np.arange(count, dtype=np.int64), ("frame",))
    write_whole(writer, "object", np.array(objects, np.uint8), ("object",))
    if times is not None:
        write_whole(writer, "time", np.array(times, np.float64), ("frame",))
    attributes = {"video": video} | ({} if times is None else {"coordinates": "time"})
    if dict(writer.group().attrs) != attributes:
        writer.group().attrs.update(attributes)


class StoredPrediction:
    """A prediction, its label maps read one at a time.

    `states` (T, N) uint8, `boxes` (T, N, 4) float32, `confidence` (T, N) float32, `shots` (T,)
    int32; `frame_times` in seconds, None where nothing told them.

    Raises:
        MissingArtifactError, CorruptArtifactError, NewerSchemaError: see `ArtifactStore.open`.
    """

    def __init__(self, store: ArtifactStore, key: str) -> None:
        artifact = store.open(PREDICTIONS, key)
        self.key = key
        self.metadata: Mapping[str, Any] = artifact.metadata
        self.video: str = artifact.metadata["video"]
        self.objects: tuple[int, ...] = tuple(read_whole(artifact, "object").tolist())
        self.frame_names: tuple[str, ...] = tuple(artifact.metadata["frame_names"])
        self.states: NDArray[np.uint8] = read_whole(artifact, "state")
        self.boxes: NDArray[np.float32] = read_whole(artifact, "box")
        self.confidence: NDArray[np.float32] = read_whole(artifact, "confidence")
        self.shots: NDArray[np.int32] = read_whole(artifact, "shot")
        self.frame_times: tuple[float, ...] | None = None
        if artifact.metadata["timed"]:
            self.frame_times = tuple(read_whole(artifact, "time").tolist())
        self._labels = FrameArrayReader(artifact, "labels")
        self.frame_count = len(read_whole(artifact, "frame"))
        self.size = (self._labels.shape[1], self._labels.shape[2])

    def label_map(self, index: int) -> UInt8Array:
        """Label map as uint8 (H, W): 0 background, then ids of objects.

        Raises:
            IndexError: outside 0..T-1.
            CorruptArtifactError: when the chunk is missing or damaged.
        """
        return np.asarray(self._labels.read(index), dtype=np.uint8)
