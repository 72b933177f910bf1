"""Writes the arrays of a flow artifact, one run of frames (a shard) at a time."""

from collections.abc import Iterable

import numpy as np

from storage.errors import IncompleteArtifactError
from storage.kinds.flow_encoding import STEP, FloatArray, encode
from storage.kinds.frame_arrays import FrameArrayWriter
from storage.store.artifact_content import ArtifactWriter

FlowPair = tuple[int, FloatArray | None, FloatArray | None]
"""Frame index, flow[index -> index - 1] (None at 0), flow[index -> index + 1] (None at the end)."""

DIRECTIONS = ("backward", "forward")

_LONGEST = 16
_MEMORY = 2**26
"""Bytes of one run in both directions, before compression."""


class FlowRuns:
    """Arrays `backward` and `forward` (T, H, W, 2) int16, and `steps` (T, 2) float32 in pixels.

    Args:
        writer: a resumable artifact.
        what: names the flow in errors.
        frame_count: T.
        size: (H, W).
    """

    def __init__(
        self, writer: ArtifactWriter, what: str, frame_count: int, size: tuple[int, int]
    ) -> None:
        height, width = size
        fitting = _MEMORY // (height * width * 8)
        self.length = max(1, min(_LONGEST, frame_count, fitting))
        self._writer = writer
        self._what = what
        self._frame_count = frame_count
        self._shape = (height, width, 2)

        def array(name: str, frame_shape: tuple[int, ...], dtype: type) -> FrameArrayWriter:
            return FrameArrayWriter(
                writer, name, frame_count, frame_shape, dtype, run=self.length, content="flow"
            )

        self._arrays = [array(name, self._shape, np.int16) for name in DIRECTIONS]
        self._steps = array("steps", (2,), np.float32)
        self._units = np.zeros((2, self.length, *self._shape), np.int16)
        self._run_steps = np.zeros((self.length, 2), np.float32)
        writer.save_progress()

    def whole(self) -> int:
        """Number of frames, from the first on, whose runs a former writer has finished."""
        done = 0
        while done < self._frame_count and self._has_run(done // self.length):
            done += self.length
        return min(done, self._frame_count)

    def encode(self, start: int, pairs: Iterable[FlowPair]) -> None:
        """Encode the frames of the run that begins at `start`, in order, one at a time.

        Raises:
            IncompleteArtifactError: see `write_flow`.
        """
        end = min(start + self.length, self._frame_count)
        expected = start
        for index, *fields in pairs:
            if index != expected:
                raise IncompleteArtifactError(
                    f"{self._what}: got frame {index}, expected frame {expected} of "
                    f"{self._frame_count}."
                )
            for direction, field in enumerate(fields):
                self._encode(direction, index, index - start, field)
            expected += 1
        if expected != end:
            raise IncompleteArtifactError(
                f"{self._what}: got only {expected} of {self._frame_count} frames."
            )

    def write(self, start: int) -> None:
        """Write the run that was encoded last; it is kept from here on."""
        count = min(self.length, self._frame_count - start)
        for array, units in zip(self._arrays, self._units, strict=True):
            array.write(start, units[:count])
        self._steps.write(start, self._run_steps[:count])
        self._writer.save_progress()

    def largest_step(self) -> float:
        """Pixels per unit of the frame with the longest motion."""
        return float(self._steps.read().max())

    def _encode(self, direction: int, index: int, place: int, field: FloatArray | None) -> None:
        absent = (0, self._frame_count - 1)[direction]
        if (field is None) != (index == absent):
            raise IncompleteArtifactError(
                f"{self._what}: frame {index} of {self._frame_count} has "
                f"{'no flow' if field is None else 'flow'} where a neighbour "
                f"{'is' if field is None else 'is not'}."
            )
        units, step = self._units[direction, place], STEP
        if field is None:
            units[...] = 0
        else:
            what = f"{self._what}: frame {index}"
            if field.shape != self._shape:
                raise IncompleteArtifactError(
                    f"{what} has shape {field.shape}, expected {self._shape}."
                )
            units[...], step = encode(field, what)
        self._run_steps[place, direction] = step

    def _has_run(self, run: int) -> bool:
        start = run * self.length
        end = min(start + self.length, self._frame_count)
        return all(array.has(start, end) for array in (*self._arrays, self._steps))
