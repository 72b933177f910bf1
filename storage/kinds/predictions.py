"""Stored predictions: label maps, and the state, box and confidence of every object.

One Zarr hierarchy per video, which xarray opens: `labels` (frame, y, x), `state` and `confidence`
(frame, object), `box` (frame, object, corner), `shot` (frame), perhaps `probability` (frame,
object, y, x), and the coordinates `frame`, `object` and, where it is known, `time`.

One process at a time writes a prediction, under a lease. It saves the tracker's state every few
frames, so that another process can continue from there.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.datasets.source import UInt8Array
from storage.kinds.frame_arrays import FrameArrayReader, read_whole, write_whole
from storage.kinds.prediction_writer import PredictionWriter
from storage.store.artifact_content import ARRAYS, ArtifactWriter
from storage.store.artifacts import ArtifactStore

PREDICTIONS = "predictions"


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
    """Write a prediction frame by frame, as the only writer; complete when the block ends.

    If the block raises or is killed, frames up to the last `PredictionWriter.checkpoint` stay, and
    the next call with the same key continues there.

    Args:
        store: the store to write to.
        key: digest of everything that determined the prediction.
        video: name of the video, and of the folder of its exported masks.
        size: (H, W) of the label maps, the size of the source's annotations.
        objects: ids in the label maps, ascending; N of them.
        frame_names: names of the T frames.
        metadata: JSON object of the caller, read when the block ends. Facts that differ between two
            runs with the same result belong here.
        frame_times: seconds at which the frames are shown; None if unknown.
        soft_masks: whether the probability of each object is kept, at 8 bits.

    Raises:
        IncompleteArtifactError: the block ends before the last frame.
        LeaseLostError: another process took over, because this one was stopped for too long.
        StoreFullError: no space is left.
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
    assert lease is not None  # without `until`, take_lease waits until it has the lease
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
    """A stored prediction, whose label maps are read one at a time.

    `states` (T, N) uint8, `boxes` (T, N, 4) float32, `confidence` (T, N) float32, `shots` (T,)
    int32; `frame_times` in seconds, None if unknown.

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
        self.states: NDArray[np.uint8] = read_whole(artifact, "state")
        self.boxes: NDArray[np.float32] = read_whole(artifact, "box")
        self.confidence: NDArray[np.float32] = read_whole(artifact, "confidence")
        self.shots: NDArray[np.int32] = read_whole(artifact, "shot")
        self.frame_times: tuple[float, ...] | None = None
        if artifact.metadata["timed"]:
            self.frame_times = tuple(read_whole(artifact, "time").tolist())
        self._labels = FrameArrayReader(artifact, "labels")
        has_soft = f"{ARRAYS}/probability/zarr.json" in artifact.digests
        self._soft = FrameArrayReader(artifact, "probability") if has_soft else None
        self.frame_count = len(self.states)
        self.size = (self._labels.shape[1], self._labels.shape[2])

    def soft_masks(self, index: int) -> UInt8Array | None:
        """255 times each object's probability, uint8 (N, H, W); None if it was not kept.

        Errors as for `label_map`.
        """
        return None if self._soft is None else np.asarray(self._soft.read(index), dtype=np.uint8)

    def label_map(self, index: int) -> UInt8Array:
        """Label map as uint8 (H, W): 0 background, then ids of objects.

        Raises:
            IndexError: the index is outside 0..T-1.
            CorruptArtifactError: the chunk is missing or damaged.
        """
        return np.asarray(self._labels.read(index), dtype=np.uint8)
