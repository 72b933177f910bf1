"""Writes the arrays of a prediction: takes single frames and writes whole files."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from safetensors.numpy import load, save

from storage.datasets.source import UInt8Array
from storage.errors import IncompleteArtifactError
from storage.kinds.frame_arrays import FrameArrayWriter
from storage.kinds.frame_buffer import FrameBuffer, run_length
from storage.store.artifact_content import ArtifactWriter
from storage.store.lease import Lease

_IMAGES, _NUMBERS = 50, 1000
"""Frames in one file: of images, and of values per object."""

_CHECKPOINT = re.compile(r"checkpoint-(\d+)\.safetensors")


class PredictionWriter:
    """Takes the frames of one video in order; made by `write_prediction`.

    Attributes:
        next_frame: index of the frame to add; above 0 if a killed writer is continued.
        tracker_state: state that the killed writer gave to `checkpoint`; None at frame 0.
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
            boxes: (N, 4) xyxy, half open, pixels; zeros if there is none.
            confidence: (N,) in [0, 1].
            shot: number of its shot, from 0 on.
            probabilities: uint8 (N, H, W), 255 times the probability of each object; given if and
                only if soft masks are kept.

        Raises:
            IncompleteArtifactError: a frame is out of order, or arrays have other shapes.
        """
        if index != self.next_frame or index >= self._count:
            raise IncompleteArtifactError(
                f"Prediction: got frame {index}, expected {self.next_frame} of {self._count}."
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
        """Save the frames so far; they are not segmented again, even after a kill.

        Args:
            state: arrays from which segmentation continues; any names, shapes and types.

        Raises:
            LeaseLostError: another process has taken over this prediction.
        """
        self._lease.check()
        former, self._checkpoint = self._checkpoint, f"checkpoint-{self.next_frame}.safetensors"
        # Not ascontiguousarray, which adds an axis to scalars.
        arrays = {f"tracker.{name}": np.asarray(state[name], order="C") for name in state}
        pending = {f"pending.{name}": array.pending() for name, array in self._arrays.items()}
        self._writer.temporary.add(self._checkpoint)
        self._writer.put(self._checkpoint, save(arrays | pending))
        self._writer.save_progress()
        if former:  # only now, so that the saved progress always names a whole state
            self._writer.drop(former)

    def _resume(self) -> None:
        left = [match for name in self._writer.digests if (match := _CHECKPOINT.fullmatch(name))]
        if not left:
            return
        newest = max(left, key=lambda match: int(match[1]))
        self._writer.temporary.update(match[0] for match in left)
        arrays = load(self._writer.read_back(newest[0]))
        reached = int(newest[1])
        pending = {name: arrays.pop(f"pending.{name}") for name in self._arrays}
        buffers = self._arrays.items()
        if not all(array.can_resume(reached, pending[name]) for name, array in buffers):
            # A power loss took frames that were written before the checkpoint.
            for match in left:
                self._writer.drop(match[0])
            return
        for name, array in buffers:
            array.resume(reached, pending[name])
        self.next_frame = reached
        self.tracker_state = {name.removeprefix("tracker."): arrays[name] for name in arrays}
        self._checkpoint = newest[0]

    def finish(self) -> None:
        """Check that all frames were written; `write_prediction` calls this."""
        self._lease.check()
        if self.next_frame != self._count:
            raise IncompleteArtifactError(
                f"Prediction: got {self.next_frame} of {self._count} frames. Nothing was stored."
            )


def _arrays(
    writer: ArtifactWriter, count: int, size: tuple[int, int], objects: int, soft_masks: bool
) -> dict[str, FrameBuffer]:
    def images(name: str, shape: tuple[int, ...], axes: tuple[str, ...]) -> FrameBuffer:
        run = run_length(_IMAGES, count, shape, np.uint8)
        array = FrameArrayWriter(writer, name, count, shape, np.uint8, run=run, axes=axes)
        return FrameBuffer(array)

    def numbers(name: str, shape: tuple[int, ...], dtype: type, *axes: str) -> FrameBuffer:
        run = run_length(_NUMBERS, count, shape, dtype)
        array = FrameArrayWriter(writer, name, count, shape, dtype, run=run, alone=False, axes=axes)
        return FrameBuffer(array)

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
