"""Frames that come one at a time, written in whole runs: one writer and one write per file."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from storage.kinds.frame_arrays import open_array
from storage.store.artifact_content import ArtifactWriter

_MEMORY = 2**25
"""Bytes of one run before compression."""


class FrameBuffer:
    """Array of shape (T, *frame_shape), of which less than a run is in memory.

    Args:
        writer: artifact that holds it; an array that a former writer began is continued.
        name: name of the array in the artifact's Zarr hierarchy.
        frame_count: T.
        frame_shape: shape of one frame.
        dtype: type on disk.
        axes: names of the axes of a frame.
        longest: frames in one file; fewer where they would need more than 32 MiB.
        alone: whether a frame can be read without the others of its file, with a checksum of its
            own.
    """

    def __init__(
        self,
        writer: ArtifactWriter,
        name: str,
        frame_count: int,
        frame_shape: tuple[int, ...],
        dtype: DTypeLike,
        axes: tuple[str, ...],
        longest: int,
        *,
        alone: bool = False,
    ) -> None:
        frame_bytes = max(1, int(np.prod(frame_shape)) * np.dtype(dtype).itemsize)
        run = max(1, min(longest, frame_count, _MEMORY // frame_bytes))
        chunk = tuple(max(length, 1) for length in frame_shape)
        self._array = open_array(
            writer,
            name,
            (frame_count, *frame_shape),
            dtype,
            chunk=(1 if alone else run, *chunk),
            shard=(run, *chunk) if alone else None,
            dimensions=("frame", *axes),
        )
        self._run = np.zeros((run, *frame_shape), dtype)
        self._held = 0
        self._next = 0

    def add(self, values: ArrayLike) -> None:
        """Take the next frame; a run that is full is written.

        Raises:
            ValueError: when its shape is another, or all frames are there.
        """
        frame = np.asarray(values, self._run.dtype)
        if frame.shape != self._run.shape[1:]:
            raise ValueError(
                f"{self._array.basename} has shape {frame.shape}, expected {self._run.shape[1:]}"
            )
        if self._next == self._array.shape[0]:
            raise ValueError(f"{self._array.basename} has all its {self._next} frames")
        self._run[self._held] = frame
        self._held += 1
        self._next += 1
        if self._held == len(self._run) or self._next == self._array.shape[0]:
            self._array[self._next - self._held : self._next] = self.pending()
            self._held = 0

    def pending(self) -> NDArray[Any]:
        """The frames that are not written yet."""
        return self._run[: self._held]

    def resume(self, next_frame: int, pending: NDArray[Any]) -> None:
        """Go on where another writer was.

        Args:
            next_frame: index of the frame to add next.
            pending: what that writer's `pending` gave.
        """
        self._next = next_frame
        self._held = len(pending)
        self._run[: self._held] = pending
