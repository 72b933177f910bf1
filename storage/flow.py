"""Optical flow of a video at rest: float16, one chunk per frame and direction."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.artifacts import ArtifactStore
from storage.errors import IncompleteArtifactError
from storage.frame_arrays import FrameArrayReader, FrameArrayWriter

FloatArray = NDArray[np.float32]
FlowPair = tuple[int, FloatArray | None, FloatArray | None]
"""Frame index, flow[index -> index - 1] (None at 0), flow[index -> index + 1] (None at the end)."""

FLOW = "flow"

_LARGEST = float(np.finfo(np.float16).max)


def write_flow(
    store: ArtifactStore,
    key: str,
    pairs: Iterable[FlowPair],
    frame_count: int,
    size: tuple[int, int],
    metadata: Mapping[str, Any],
) -> None:
    """Store the flow of a video, one frame in memory at a time.

    Nothing is computed or written when the artifact exists already: `pairs` is not consumed.

    Args:
        store: where to.
        key: digest of video and estimator.
        pairs: float32 (H, W, 2), (dx, dy) in pixels, for every frame in order. float16 on disk
            keeps 11 bits: 0.03 pixel at a motion of 64 pixels.
        frame_count: T.
        size: (H, W).
        metadata: JSON object, such as the estimator's name and digest.

    Raises:
        IncompleteArtifactError: when a frame is missing, out of order, of another shape, not
            finite, or beyond 65504 pixels. Nothing is stored then.
        StoreFullError: when no space is left.
    """
    if store.exists(FLOW, key):
        return
    with store.create(FLOW, key) as writer:
        shape = (*size, 2)
        arrays = [
            FrameArrayWriter(writer, name, frame_count, shape, np.float16, "flow")
            for name in ("backward", "forward")
        ]
        expected = 0
        for index, *fields in pairs:
            if index != expected or index >= frame_count:
                raise IncompleteArtifactError(
                    f"Flow {key}: frame {index} came where {expected} of {frame_count} was due."
                )
            for array, field, absent in zip(arrays, fields, (0, frame_count - 1), strict=True):
                if (field is None) != (index == absent):
                    raise IncompleteArtifactError(
                        f"Flow {key}: frame {index} of {frame_count} has "
                        f"{'no flow' if field is None else 'flow'} where a neighbour "
                        f"{'is' if field is None else 'is not'}."
                    )
                if field is not None:
                    array.write(index, _half(field, shape, f"Flow {key}: frame {index}"))
            expected += 1
        if expected != frame_count:
            raise IncompleteArtifactError(
                f"Flow {key}: {expected} of {frame_count} frames came. Nothing was stored."
            )
        writer.metadata = {**metadata, "frame_count": frame_count, "size": list(size)}


class StoredFlow:
    """Flow of a video, read one frame at a time.

    Raises:
        MissingArtifactError, CorruptArtifactError, NewerSchemaError: see `ArtifactStore.open`.
    """

    def __init__(self, store: ArtifactStore, key: str) -> None:
        artifact = store.open(FLOW, key)
        self.key = key
        self.metadata: Mapping[str, Any] = artifact.metadata
        self._backward = FrameArrayReader(artifact, "backward")
        self._forward = FrameArrayReader(artifact, "forward")
        self.frame_count = self._backward.shape[0]
        self.size = (self._backward.shape[1], self._backward.shape[2])

    def backward(self, index: int) -> FloatArray | None:
        """flow[index -> index - 1] as float32 (H, W, 2), (dx, dy) in pixels; None at index 0.

        Raises:
            IndexError: outside 0..T-1.
            CorruptArtifactError: when the chunk is missing or damaged.
        """
        return None if index == 0 else self._backward.read(index).astype(np.float32)

    def forward(self, index: int) -> FloatArray | None:
        """flow[index -> index + 1], None at the last frame; otherwise as `backward`."""
        if index == self.frame_count - 1:
            return None
        return self._forward.read(index).astype(np.float32)


def _half(field: FloatArray, shape: tuple[int, ...], what: str) -> NDArray[np.float16]:
    if field.shape != shape:
        raise IncompleteArtifactError(f"{what} has shape {field.shape}, expected {shape}.")
    largest = float(np.abs(field).max(initial=0.0))
    if not largest <= _LARGEST:  # also true for NaN
        raise IncompleteArtifactError(
            f"{what} reaches {largest} pixels; flow must be finite and below {_LARGEST:.0f}. "
            "The estimator failed on this frame: choose another one, or leave the video out."
        )
    return field.astype(np.float16)
