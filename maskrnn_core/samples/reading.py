"""Samples of a set of videos: which exist, and how one is read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.samples.augmentation import FlowPair, FrameSample
from maskrnn_core.video import VOID, FloatArray, UInt8Array, Video


@dataclass(frozen=True)
class SampleId:
    """One object in one frame; the other objects count as background."""

    video: int
    frame: int
    object_id: int


def list_samples(videos: Sequence[Video], length: int = 1) -> list[SampleId]:
    """Every (video, frame, object) from whose frame on `length` frames follow, itself included.

    An object with fewer frames gives one sample, at its first annotated frame; none if it has a
    single frame where `length` asks for more.

    Raises:
        InvalidInputError: no video, or none with such an object.
    """
    samples = []
    for index, video in enumerate(videos):
        for object_id in video.objects:
            first = video.first_frame(object_id)
            if length > 1 and first + 1 == video.frame_count:
                continue
            last = max(first, video.frame_count - length)
            samples += [SampleId(index, frame, object_id) for frame in range(first, last + 1)]
    if not samples:
        enough = " in two frames or more" if length > 1 else ""
        raise InvalidInputError(
            f"nothing to train on: {len(videos)} videos, none with an annotated object{enough}; "
            "choose another split or other videos"
        )
    return samples


def drawn(samples: Sequence[SampleId], position: int, seed: int) -> SampleId:
    """The sample at a position of an endless sequence of shuffled passes; stateless, seeded."""
    epoch, index = divmod(position, len(samples))
    order = np.random.default_rng([seed, epoch]).permutation(len(samples))
    return samples[int(order[index])]


def read_drawn(
    videos: Sequence[Video],
    samples: Sequence[SampleId],
    position: int,
    seed: int,
    *,
    with_flows: bool,
) -> tuple[FrameSample, str]:
    """The sample at a position as `drawn`, read, and its name for messages.

    Raises:
        InvalidInputError: the frame has no label map.
    """
    chosen = drawn(samples, position, seed)
    video = videos[chosen.video]
    sample = read_sample(video, chosen.frame, chosen.object_id, with_flows=with_flows)
    return sample, f"{video.name}, frame {chosen.frame}, object {chosen.object_id}"


def object_target(label_map: UInt8Array, object_id: int) -> UInt8Array:
    """Binary target (H, W): 1 the object, 0 everything else, 255 void."""
    target: UInt8Array = (label_map == object_id).astype(np.uint8)
    target[label_map == VOID] = VOID
    return target


def read_sample(
    video: Video, index: int, object_id: int, *, with_flows: bool = True
) -> FrameSample:
    """One frame with target and, unless they are not wanted, both flows.

    Raises:
        InvalidInputError: the frame has no label map.
    """
    label_map = video.label_map(index)
    if label_map is None:
        raise InvalidInputError(
            f"{video.name}, frame {index}: no label map; training needs every frame annotated"
        )
    return FrameSample(
        frame=video.frame(index),
        target=object_target(label_map, object_id),
        flows=read_flows(video, index) if with_flows else None,
    )


def read_flows(video: Video, index: int) -> FlowPair:
    """Both flows of a frame, zero where there is no neighbour."""
    return FlowPair(
        _or_zero(video.backward_flow(index), video.size),
        _or_zero(video.forward_flow(index), video.size),
    )


def _or_zero(flow: FloatArray | None, size: tuple[int, int]) -> FloatArray:
    return np.zeros((*size, 2), dtype=np.float32) if flow is None else flow
