"""The streaming interface: all objects of a video, one frame at a time."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.inference.backends import ArrayBackend, Backend, TensorBackend
from maskrnn_core.inference.carriers import carried
from maskrnn_core.inference.fusion import fuse
from maskrnn_core.inference.state import ObjectFrame, TrackState, on_host
from maskrnn_core.options import InferenceOptions
from maskrnn_core.video import FloatArray, UInt8Array

if TYPE_CHECKING:
    import torch


class ObjectTracker(Protocol):
    """Brings one object from a frame to the next."""

    def start(self, given: ObjectFrame, frame: Any, /) -> ObjectFrame:
        """The object in the frame of its given mask, with what the frame tells of it."""
        ...

    def step(
        self, previous: ObjectFrame, frame: Any, backward: Any, magnitudes: Any, /
    ) -> ObjectFrame:
        """The object in the next frame of the same shot; arguments as the backend makes them."""
        ...

    def cut(self, previous: ObjectFrame) -> ObjectFrame:
        """The object as the first frame of another shot finds it: lost."""
        ...


class TrackedFrame(NamedTuple):
    """What `Tracker.step` gives."""

    objects: dict[int, ObjectFrame]
    """By ascending id; objects that have started."""
    label_map: NDArray[np.uint8]
    """(H, W), the objects fused."""


class Tracker:
    """Follows objects through a video that arrives frame by frame.

    Invariants: an object is followed from the frame after `start` on; every frame has the size of
    the first; the only state is one `ObjectFrame` per object, which `state` gives as arrays.

    Args:
        trackers: one per object id.
        options: fusion threshold, feedback, causality.
        device: where the networks run; None for trackers without a network, which take arrays.
        reads_flow: whether the networks have a flow stream.
    """

    def __init__(
        self,
        trackers: Mapping[int, ObjectTracker],
        options: InferenceOptions,
        device: "torch.device | None",
        *,
        reads_flow: bool = True,
    ) -> None:
        self._trackers = dict(sorted(trackers.items()))
        self._options = options
        self._backend: Backend = (
            ArrayBackend() if device is None else TensorBackend(device, with_magnitudes=reads_flow)
        )
        self._objects: dict[int, ObjectFrame] = {}

    def follow(self, object_id: int, tracker: ObjectTracker) -> None:
        """Make an object known that `start` can begin to follow; its own tracker takes it on."""
        self._trackers[object_id] = tracker

    def start(self, object_id: int, mask: NDArray[np.bool_], frame: UInt8Array) -> None:
        """Begin to follow an object whose mask (H, W) is given for the current frame (H, W, 3).

        Raises:
            InvalidInputError: no tracker for the id, or an empty mask.
        """
        self._check_known(object_id)
        if not mask.any():
            raise InvalidInputError(f"object {object_id} starts with an empty mask")
        area = float(mask.sum())
        given = carried(self._backend.put(mask.astype(np.float32)))
        given = replace(given, seen_area=area, given_area=area)
        with self._backend.inference():
            inputs = self._backend.inputs(frame, None, None)
            self._objects[object_id] = self._trackers[object_id].start(given, inputs[0])
            if self._options.feedback != "own":
                self._make_room(object_id, mask)
        self._objects = dict(sorted(self._objects.items()))

    def forget(self, objects: Collection[int] | None = None) -> None:
        """Stop following objects until they start again; None means all of them."""
        gone = self._objects if objects is None else objects
        self._objects = {i: state for i, state in self._objects.items() if i not in gone}

    @property
    def objects(self) -> dict[int, ObjectFrame]:
        """The objects that are followed, as they are now, by ascending id."""
        return dict(self._objects)

    @property
    def is_following(self) -> bool:
        """Whether any object has started."""
        return bool(self._objects)

    def cut(self) -> None:
        """The next frame begins another shot: step into it without flow to the frame before."""
        self._objects = {
            object_id: self._trackers[object_id].cut(previous)
            for object_id, previous in self._objects.items()
        }

    def step(
        self, frame: UInt8Array, backward: FloatArray | None, forward: FloatArray | None
    ) -> TrackedFrame:
        """Segment the next frame.

        Args:
            frame: uint8 (H, W, 3) RGB.
            backward: flow to the previous frame, (H, W, 2) pixels; None where there is none.
            forward: flow to the next frame; None where there is none. Read by networks with a flow
                stream that need not be causal.
        """
        with self._backend.inference():
            ahead = None if self._options.causal else forward
            inputs = self._backend.inputs(frame, backward, ahead)
            self._objects = {
                object_id: self._trackers[object_id].step(previous, *inputs)
                for object_id, previous in self._objects.items()
            }
            label_map = self.fused()
            if self._options.feedback != "own":
                self._give_way(label_map)
        return TrackedFrame(dict(self._objects), label_map)

    def fused(self) -> NDArray[np.uint8]:
        """Label map (H, W) of the objects as they are now."""
        pairs = [(i, state.probability) for i, state in self._objects.items()]
        size = tuple(pairs[0][1].shape) if pairs else (0, 0)
        return fuse(pairs, (size[0], size[1]), self._options.threshold)

    def state(self) -> dict[str, NDArray[Any]]:
        """All that the next step depends on, exactly; `load_state` takes it in another process.

        Returns:
            For the K objects that have started: `objects` (K,) int64 ids, `probability`
            (K, H, W) float32, `state` (K,) uint8, `box` (K, 4) float32, `seen_area` and
            `given_area` (K,) float64; only `objects` when there are none. `categories`, rows of an
            object's place and a category, if objects have any.
        """
        if not self._objects:
            return {"objects": np.zeros(0, np.int64)}
        frames = self._objects.values()
        categories = [
            [place, number] for place, frame in enumerate(frames) for number in frame.categories
        ]
        known = {"categories": np.array(sorted(categories), np.int64)} if categories else {}
        return {
            **known,
            "objects": np.array(list(self._objects), np.int64),
            "probability": np.stack([on_host(frame.probability) for frame in frames]),
            "state": np.array([int(frame.state) for frame in frames], np.uint8),
            "box": np.stack([frame.box for frame in frames]).astype(np.float32),
            "seen_area": np.array([frame.seen_area for frame in frames], np.float64),
            "given_area": np.array([frame.given_area for frame in frames], np.float64),
        }

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on where another tracker of the same objects was, as its `state` told.

        Raises:
            InvalidInputError: an object without a tracker.
        """
        objects: dict[int, ObjectFrame] = {}
        categories: list[tuple[int, int]] = state.get("categories", np.zeros((0, 2))).tolist()
        for place, object_id in enumerate(state["objects"].tolist()):
            self._check_known(object_id)
            probability = self._backend.put(state["probability"][place].copy())
            objects[object_id] = ObjectFrame(
                probability,
                TrackState(int(state["state"][place])),
                np.array(state["box"][place], np.float32),
                float(state["seen_area"][place]),
                float(state["given_area"][place]) if "given_area" in state else 0.0,
                frozenset(int(number) for of, number in categories if of == place),
            )
        self._objects = objects

    def _check_known(self, object_id: int) -> None:
        if object_id not in self._trackers:
            raise InvalidInputError(
                f"object {object_id} has no tracker; there are {sorted(self._trackers)}"
            )

    def _make_room(self, object_id: int, mask: NDArray[np.bool_]) -> None:
        """Take the pixels of a given mask from all other objects."""
        others = self._backend.put(~mask)
        for other, state in self._objects.items():
            if other != object_id:
                self._objects[other] = replace(state, probability=state.probability * others)

    def _give_way(self, label_map: NDArray[np.uint8]) -> None:
        """Take pixels from the objects that did not win them, by the option `feedback`."""
        labels = self._backend.put(label_map)
        for object_id, state in self._objects.items():
            kept = labels == object_id
            if self._options.feedback == "exclusive":
                kept = kept | (labels == 0)
            self._objects[object_id] = replace(state, probability=state.probability * kept)
