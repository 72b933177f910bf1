"""The batch path: a whole video through the tracker, streamed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from maskrnn_core.compute import Compute, resolve_compute
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.geometry.boxes import mask_box
from maskrnn_core.inference.carriers import FirstMaskCopy, FlowCarrier
from maskrnn_core.inference.fusion import fuse
from maskrnn_core.inference.network_tracker import NetworkTracker
from maskrnn_core.inference.state import ObjectFrame, TrackState
from maskrnn_core.inference.tracker import ObjectTracker, Tracker
from maskrnn_core.networks import build_network, load_weights
from maskrnn_core.networks.weights import Weights
from maskrnn_core.options import ComputeOptions, InferenceOptions, Preset
from maskrnn_core.prefetch import ahead
from maskrnn_core.video import FloatArray, UInt8Array, Video


@dataclass(frozen=True)
class SegmentedFrame:
    """One frame's result, at the video's output size."""

    index: int
    label_map: NDArray[np.uint8]
    """(H, W): 0 background, else the object's id."""
    states: tuple[int, ...]
    """`TrackState` per object, in the order of `Video.objects`."""
    boxes: NDArray[np.float32]
    """(N, 4) xyxy in pixels; zeros for an absent object."""
    confidence: NDArray[np.float32]
    """(N,): mean probability over the pixels at or above the threshold, 0 where none is."""


class _Inputs(NamedTuple):
    frame: UInt8Array
    backward: FloatArray | None
    forward: FloatArray | None


def segment(
    video: Video,
    weights: Mapping[int, Weights],
    preset: Preset,
    compute: ComputeOptions,
) -> Iterator[SegmentedFrame]:
    """Follow every object from its first annotated frame to the end of the video.

    One frame is held at a time, with the next one being read. The annotation of an object is used
    in its first annotated frame only, where it is the result.

    Args:
        video: frames, flow and first masks.
        weights: per object id; empty for a preset without a network.
        preset: network and inference options.
        compute: device, precision, threads.

    Yields:
        One result per frame, in order.

    Raises:
        InvalidInputError: an object without weights.
        IncompatibleWeightsError: weights of another network.
    """
    yield from VideoSegmenter(video, weights, preset, compute).frames()


class VideoSegmenter:
    """What `segment` does, able to begin in the middle: see there for arguments and errors."""

    def __init__(
        self,
        video: Video,
        weights: Mapping[int, Weights],
        preset: Preset,
        compute: ComputeOptions,
    ) -> None:
        resolved = resolve_compute(compute)
        trackers = {i: _object_tracker(video, i, weights, preset, resolved) for i in video.objects}
        self._tracker = Tracker(trackers, preset.inference, resolved.device)
        self._video = video
        self._options = preset.inference

    def state(self) -> dict[str, NDArray[Any]]:
        """What the frames after the one that was given last depend on; see `Tracker.state`."""
        return self._tracker.state()

    def frames(
        self, start: int = 0, state: Mapping[str, NDArray[Any]] | None = None
    ) -> Iterator[SegmentedFrame]:
        """Results from frame `start` on, as `segment` gives them.

        Args:
            start: index of the first frame to give.
            state: what `state` told after frame `start` - 1; None to begin with frame 0.
        """
        if state is not None:
            self._tracker.load_state(state)
        video, threshold = self._video, self._options.threshold
        starts = {object_id: video.first_frame(object_id) for object_id in video.objects}
        inputs_ahead = ahead(self._read, video.frame_count, start)
        for index, inputs in enumerate(inputs_ahead, start):
            objects: dict[int, ObjectFrame] = {}
            if any(first < index for first in starts.values()):
                objects, label_map = self._tracker.step(*inputs)
            if video.output_size != video.size or not objects:
                label_map = _fuse_at(objects, video.output_size, self._options)
            new = [object_id for object_id, first in starts.items() if first == index]
            if new:
                label_map = _with_annotation(video, index, new, label_map)
                for object_id in new:
                    self._tracker.start(object_id, _first_mask(video, index, object_id))
            yield _result(video, index, label_map, objects, new, threshold)

    def _read(self, index: int) -> _Inputs:
        video = self._video
        return _Inputs(video.frame(index), video.backward_flow(index), video.forward_flow(index))


def _object_tracker(
    video: Video,
    object_id: int,
    weights: Mapping[int, Weights],
    preset: Preset,
    compute: Compute,
) -> ObjectTracker:
    if preset.network is None:
        return FlowCarrier() if preset.carry == "warped" else FirstMaskCopy()
    if object_id not in weights:
        raise InvalidInputError(
            f"{video.name}: no weights for object {object_id}; finetune it, or give the parent's"
        )
    network = build_network(preset.network)
    load_weights(network, weights[object_id])
    network.to(compute.device).eval()
    warp_mask = preset.network.mask_input == "warped"
    return NetworkTracker(network, preset.inference, compute, warp_mask=warp_mask)


def _fuse_at(
    objects: Mapping[int, ObjectFrame], size: tuple[int, int], options: InferenceOptions
) -> NDArray[np.uint8]:
    """Fuse after bringing each probability map to another size."""

    def resized() -> Iterator[tuple[int, torch.Tensor]]:
        for object_id, state in objects.items():
            probability = functional.interpolate(
                state.probability[None, None], size, mode="bilinear", align_corners=False
            )
            yield object_id, probability[0, 0]

    return fuse(resized(), size, options.threshold)


def _first_mask(video: Video, index: int, object_id: int) -> NDArray[np.bool_]:
    label_map = video.label_map(index)
    if label_map is None:
        raise InvalidInputError(f"{video.name}, frame {index}: objects start without a label map")
    return np.asarray(label_map == object_id)


def _with_annotation(
    video: Video, index: int, new: list[int], label_map: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    annotation = video.annotation(index)
    if annotation is None:
        raise InvalidInputError(f"{video.name}, frame {index}: objects start without a label map")
    return np.where(np.isin(annotation, new), annotation, label_map).astype(np.uint8)


def _result(
    video: Video,
    index: int,
    label_map: NDArray[np.uint8],
    objects: Mapping[int, ObjectFrame],
    new: list[int],
    threshold: float,
) -> SegmentedFrame:
    count = len(video.objects)
    states = [int(TrackState.ABSENT)] * count
    boxes = np.zeros((count, 4), dtype=np.float32)
    confidence = np.zeros(count, dtype=np.float32)
    height, width = video.output_size
    scale = np.array([width / video.size[1], height / video.size[0]] * 2, dtype=np.float32)
    for position, object_id in enumerate(video.objects):
        if object_id in new:
            states[position] = int(TrackState.TRACKED)
            confidence[position] = 1.0
            boxes[position] = _box_in(label_map, object_id)
        elif object_id in objects:
            state = objects[object_id]
            states[position] = int(state.state)
            boxes[position] = state.box * scale
            foreground = state.probability[state.probability >= threshold]
            confidence[position] = float(foreground.mean()) if foreground.numel() else 0.0
    return SegmentedFrame(index, label_map, tuple(states), boxes, confidence)


def _box_in(label_map: NDArray[np.uint8], object_id: int) -> FloatArray:
    box = mask_box(label_map == object_id)
    return np.zeros(4, dtype=np.float32) if box is None else box
