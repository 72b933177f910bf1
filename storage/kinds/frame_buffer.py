"""Collects single frames and writes them in whole runs: one write per file."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from storage.kinds.frame_arrays import FrameArrayWriter

_MEMORY = 2**25
"""Bytes of one run before compression."""


def run_length(longest: int, frame_count: int, shape: tuple[int, ...], dtype: DTypeLike) -> int:
    """Frames in one file: at most `longest`, and fewer if they would need more than 32 MiB."""
    frame_bytes = max(1, int(np.prod(shape)) * np.dtype(dtype).itemsize)
    return max(1, min(longest, frame_count, _MEMORY // frame_bytes))


class FrameBuffer:
    """Hands frames to a writer in whole runs; holds less than one run in memory."""

    def __init__(self, array: FrameArrayWriter) -> None:
        self._array = array
        self._run = np.zeros((array.run, *array.frame_shape), array.dtype)
        self._held = 0
        self._next = 0

    def add(self, values: ArrayLike) -> None:
        """Add the next frame; writes a run when it is full.

        Raises:
            ValueError: the frame has another shape, or the array has all its frames.
        """
        frame = np.asarray(values, self._run.dtype)
        if frame.shape != self._run.shape[1:]:
            raise ValueError(
                f"{self._array.name} has shape {frame.shape}, expected {self._run.shape[1:]}"
            )
        if self._next == self._array.frame_count:
            raise ValueError(f"{self._array.name} has all its {self._next} frames")
        self._run[self._held] = frame
        self._held += 1
        self._next += 1
        if self._held == len(self._run) or self._next == self._array.frame_count:
            self._array.write(self._next - self._held, self.pending())
            self._held = 0

    def pending(self) -> NDArray[Any]:
        """Frames that are not written yet."""
        return self._run[: self._held]

    def can_resume(self, next_frame: int, pending: NDArray[Any]) -> bool:
        """Whether all frames before the pending ones are stored; arguments as for `resume`."""
        return self._array.has(0, next_frame - len(pending))

    def resume(self, next_frame: int, pending: NDArray[Any]) -> None:
        """Continue where another writer stopped.

        Args:
            next_frame: index of the frame to add next.
            pending: frames that `pending` of that writer returned.
        """
        self._next = next_frame
        self._held = len(pending)
        self._run[: self._held] = pending
