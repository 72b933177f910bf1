"""The result of a frame: objects brought to the output's size, in the order of the video's ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.geometry.boxes import mask_box
from maskrnn_core.inference.backends import at_size
from maskrnn_core.inference.fusion import fuse
from maskrnn_core.inference.state import ObjectFrame, TrackState, on_host
from maskrnn_core.options import InferenceOptions
from maskrnn_core.video import FloatArray, Video


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
    shot: int = 0
    """Number of the frame's shot, from 0 on."""
    probabilities: NDArray[np.uint8] | None = None
    """(N, H, W): 255 times the probability of each object, where soft masks were asked for."""


def fused_at(
    objects: Mapping[int, ObjectFrame], size: tuple[int, int], options: InferenceOptions
) -> NDArray[np.uint8]:
    """Fuse after bringing each probability map to another size."""
    resized = ((i, at_size(state.probability, size)) for i, state in objects.items())
    return fuse(resized, size, options.threshold)


def soft_masks(
    video: Video,
    objects: Mapping[int, ObjectFrame],
    new: Sequence[int],
    label_map: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """Probabilities (N, H, W) at output size, 255 standing for 1; annotated objects have theirs."""
    masks = np.zeros((len(video.objects), *video.output_size), np.uint8)
    for position, object_id in enumerate(video.objects):
        if object_id in new:
            masks[position] = np.where(label_map == object_id, 255, 0)
        elif object_id in objects:
            probability = at_size(objects[object_id].probability, video.output_size)
            masks[position] = on_host((probability * 255).round())
    return masks


def frame_result(
    video: Video,
    index: int,
    label_map: NDArray[np.uint8],
    objects: Mapping[int, ObjectFrame],
    new: Sequence[int],
    threshold: float,
) -> SegmentedFrame:
    """The result of a frame, from the objects in it and those that start there."""
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
            confidence[position] = float(foreground.mean()) if len(foreground) else 0.0
    return SegmentedFrame(index, label_map, tuple(states), boxes, confidence)


def _box_in(label_map: NDArray[np.uint8], object_id: int) -> FloatArray:
    box = mask_box(label_map == object_id)
    return np.zeros(4, dtype=np.float32) if box is None else box
