"""The frames before a given mask, followed backwards from it where it is the nearest one."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.inference.state import ObjectFrame
from maskrnn_core.inference.tracker import Tracker
from maskrnn_core.video import Video

_FASTEST = 1


def backward_ranges(starts: Mapping[int, Sequence[int]]) -> dict[int, dict[int, int]]:
    """Which frames are nearer to the next given mask of an object than to the one before.

    A frame in the middle belongs to the mask before it.

    Args:
        starts: ids of the objects in each given frame.

    Returns:
        For each given frame its objects, with the first frame that is followed backwards from it;
        objects without such a frame are left out.
    """
    found: dict[int, dict[int, int]] = {}
    former: dict[int, int] = {}
    for given in sorted(starts):
        for object_id in starts[given]:
            first = (former[object_id] + given) // 2 + 1 if object_id in former else 0
            if first < given:
                found.setdefault(given, {})[object_id] = first
            former[object_id] = given
    return found


@dataclass(frozen=True)
class _Packed:
    """A tracker's state with its probabilities at 8 bits, compressed."""

    others: Mapping[str, NDArray[Any]]
    shape: tuple[int, ...]
    probability: bytes

    @classmethod
    def of(cls, state: Mapping[str, NDArray[Any]]) -> "_Packed":
        others = {name: array for name, array in state.items() if name != "probability"}
        levels = (state["probability"] * 255).round().astype(np.uint8)
        return cls(others, levels.shape, zlib.compress(levels.tobytes(), _FASTEST))

    def state(self) -> dict[str, NDArray[Any]]:
        levels = np.frombuffer(zlib.decompress(self.probability), np.uint8).reshape(self.shape)
        return {**self.others, "probability": levels.astype(np.float32) / np.float32(255)}


class BackwardFrames:
    """Objects in the frames before their given masks; holds those up to the next mask, compressed.

    Args:
        video: one shot, readable at any frame.
        starts: ids of the objects in each given frame.
        tracker: knows all objects and follows none; only this class uses it.
    """

    def __init__(self, video: Video, starts: Mapping[int, Sequence[int]], tracker: Tracker) -> None:
        self._video = video
        self._tracker = tracker
        self._ranges = backward_ranges(starts)
        self._passes: dict[int, dict[int, _Packed]] = {}

    def at(self, index: int) -> dict[int, ObjectFrame]:
        """The objects whose nearest given mask comes after a frame, in that frame.

        Raises:
            InvalidInputError: a given frame has no label map, or no pixel of its object.
        """
        found: dict[int, ObjectFrame] = {}
        self._passes = {given: made for given, made in self._passes.items() if given > index}
        for given in self._covering(index):
            if given not in self._passes:
                self._passes[given] = self._followed(given, index)
            self._tracker.load_state(self._passes[given][index].state())
            now = self._tracker.objects
            found |= {object_id: now[object_id] for object_id in self._of(given, index)}
        return found

    def _covering(self, index: int) -> list[int]:
        """Given frames from which the frame is reached."""
        return [given for given in self._ranges if given > index and self._of(given, index)]

    def _of(self, given: int, index: int) -> list[int]:
        return [object_id for object_id, first in self._ranges[given].items() if first <= index]

    def _followed(self, given: int, lowest: int) -> dict[int, _Packed]:
        """States by frame, from the one before the given one down to the lowest."""
        video, tracker = self._video, self._tracker
        label_map = video.label_map(given)
        if label_map is None:
            raise InvalidInputError(f"{video.name}, frame {given}: objects start without a mask")
        tracker.forget()
        frame = video.frame(given)
        for object_id in self._ranges[given]:
            tracker.start(object_id, np.asarray(label_map == object_id), frame)
        states = {}
        for index in range(given - 1, lowest - 1, -1):
            # In this direction the next frame is the previous one, and so is its flow.
            tracker.step(video.frame(index), video.forward_flow(index), video.backward_flow(index))
            states[index] = _Packed.of(tracker.state())
        return states
