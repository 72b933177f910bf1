"""Stored optical flow of a video: one array per direction, with one resumable writer."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from storage.errors import IncompleteArtifactError, LeaseLostError
from storage.kinds.flow_encoding import FloatArray, decode
from storage.kinds.flow_writer import FlowPair, FlowRuns
from storage.kinds.frame_arrays import FrameArrayReader, read_whole
from storage.store.artifacts import ArtifactStore
from storage.store.lease import Lease
from storage.store.lease_file import LEASE_SECONDS

FLOW = "flow"


@dataclass(frozen=True)
class FlowWrite:
    """Result of a call of `write_flow`.

    Args:
        computed: frames that were taken from `pairs`.
        kept: frames that an interrupted writer had finished.
        size: bytes of the artifact; 0 if another writer made it.
    """

    computed: int = 0
    kept: int = 0
    size: int = 0


def write_flow(
    store: ArtifactStore,
    key: str,
    pairs: Callable[[int], Iterable[FlowPair]],
    frame_count: int,
    size: tuple[int, int],
    metadata: Mapping[str, Any],
    *,
    patience: float = LEASE_SECONDS,
) -> FlowWrite:
    """Store the flow of a video; holds one run of frames in memory.

    If several processes have the same key, one works and the others wait. If it dies, another one
    continues from its last whole run. Nothing is computed if the artifact exists. Runs that were
    written before an error stay for the next call, unless the store is full.

    Args:
        store: the store to write to.
        key: digest of video and estimator.
        pairs: called with the index of the first missing frame; yields float32 (H, W, 2), (dx, dy)
            in pixels, for every frame from there on, in order.
        frame_count: T.
        size: (H, W).
        metadata: JSON object, such as the estimator's name. The artifact adds `largest_error`: the
            bound of the encoding's error per component, in pixels.
        patience: seconds without a sign of life after which a writer counts as dead.

    Raises:
        IncompleteArtifactError: a frame is missing, out of order, of another shape, not finite, or
            beyond 16384 pixels.
        StoreFullError: no space is left.
    """

    def is_there() -> bool:
        return store.exists(FLOW, key)

    while lease := store.lease(FLOW, key, seconds=patience, until=is_there):
        with lease:
            if is_there():
                break
            try:
                return _write(store, key, pairs, frame_count, size, metadata, lease)
            except LeaseLostError:
                continue  # another process works on it now: wait for it
    return FlowWrite()


def _write(
    store: ArtifactStore,
    key: str,
    pairs: Callable[[int], Iterable[FlowPair]],
    frame_count: int,
    size: tuple[int, int],
    metadata: Mapping[str, Any],
    lease: Lease,
) -> FlowWrite:
    plan = {"frames": frame_count, "size": list(size), "encoding": "int16"}
    with store.create(FLOW, key, plan) as writer:
        runs = FlowRuns(writer, f"Flow {key}", frame_count, size)
        kept = runs.whole()
        source: Iterator[FlowPair] = iter(pairs(kept) if kept < frame_count else ())
        for start in range(kept, frame_count, runs.length):
            length = min(runs.length, frame_count - start)
            runs.encode(start, islice(source, length))
            lease.check()
            runs.write(start)
        if next(source, None) is not None:
            raise IncompleteArtifactError(f"Flow {key}: got more than {frame_count} frames.")
        lease.check()
        writer.metadata = {
            **metadata,
            "frame_count": frame_count,
            "size": list(size),
            "encoding": "int16 times step, steps per frame and direction in pixels",
            "largest_error": runs.largest_step() / 2.0,
        }
    return FlowWrite(frame_count - kept, kept, store.open(FLOW, key).size)


class StoredFlow:
    """Stored flow of a video, read one frame at a time.

    Raises:
        MissingArtifactError, CorruptArtifactError, NewerSchemaError: see `ArtifactStore.open`.
    """

    def __init__(self, store: ArtifactStore, key: str) -> None:
        artifact = store.open(FLOW, key)
        self.key = key
        self.metadata: Mapping[str, Any] = artifact.metadata
        self._backward = FrameArrayReader(artifact, "backward")
        self._forward = FrameArrayReader(artifact, "forward")
        self._steps = read_whole(artifact, "steps")
        self.frame_count = self._backward.shape[0]
        self.size = (self._backward.shape[1], self._backward.shape[2])

    def backward(self, index: int) -> FloatArray | None:
        """flow[index -> index - 1] as float32 (H, W, 2), (dx, dy) in pixels; None at index 0.

        Raises:
            IndexError: the index is outside 0..T-1.
            CorruptArtifactError: the chunk is missing or damaged.
        """
        return None if index == 0 else self._read(self._backward, 0, index)

    def forward(self, index: int) -> FloatArray | None:
        """flow[index -> index + 1], None at the last frame; otherwise as `backward`."""
        return None if index == self.frame_count - 1 else self._read(self._forward, 1, index)

    def _read(self, array: FrameArrayReader, direction: int, index: int) -> FloatArray:
        return decode(array.read(index), float(self._steps[index, direction]))
