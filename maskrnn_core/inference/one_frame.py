"""One frame of a video through the tracker: cut, step, fuse, start what is annotated there."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.inference.carriers import FirstMaskCopy, FlowCarrier
from maskrnn_core.inference.results import SegmentedFrame, frame_result, fused_at, soft_masks
from maskrnn_core.inference.state import ObjectFrame
from maskrnn_core.inference.tracker import ObjectTracker, Tracker
from maskrnn_core.options import ComputeOptions, InferenceOptions, Preset
from maskrnn_core.video import FloatArray, UInt8Array, Video

if TYPE_CHECKING:
    from maskrnn_core.compute import Compute
    from maskrnn_core.networks.instance_detector import InstanceDetector
    from maskrnn_core.networks.weights import Weights


class FrameInputs(NamedTuple):
    """What the tracker reads of a frame."""

    frame: UInt8Array
    backward: FloatArray | None
    forward: FloatArray | None
    is_cut: bool


def segmented_frame(
    tracker: Tracker,
    video: Video,
    index: int,
    inputs: FrameInputs,
    new: Sequence[int],
    options: InferenceOptions,
    *,
    keep_soft_masks: bool,
    behind: Mapping[int, ObjectFrame] = MappingProxyType({}),
) -> SegmentedFrame:
    """The result of the frame after the one that the tracker saw last.

    Args:
        tracker: of all objects.
        video: sizes, ids of the objects, and the label map of this frame if objects start here.
        index: of the frame.
        inputs: what the tracker reads.
        new: ids of the objects that start here, or start again.
        options: threshold of the fusion.
        keep_soft_masks: whether the result holds the probabilities.
        behind: objects that were followed backwards to this frame; the tracker follows others.

    Raises:
        InvalidInputError: objects start without a label map, or without a pixel.
    """
    if inputs.is_cut:
        tracker.cut()
    objects: dict[int, ObjectFrame] = {}
    label_map = np.zeros(video.output_size, np.uint8)
    if tracker.is_following:
        objects, label_map = tracker.step(inputs.frame, inputs.backward, inputs.forward)
    objects = dict(sorted({**objects, **behind}.items()))
    if objects and (behind or video.output_size != video.size):
        label_map = fused_at(objects, video.output_size, options)
    if new:
        label_map = with_annotation(video, index, new, label_map)
        for object_id in new:
            tracker.start(object_id, _first_mask(video, index, object_id), inputs.frame)
    result = frame_result(video, index, label_map, objects, new, options.threshold)
    if not keep_soft_masks:
        return result
    return replace(result, probabilities=soft_masks(video, objects, new, label_map))


def compute_for(preset: Preset, options: ComputeOptions) -> "Compute | None":
    """Where the networks of a preset run; None without a network, which needs no torch.

    Raises:
        InvalidInputError: CUDA was requested for a network, but there is no CUDA device.
    """
    if preset.network is None:
        return None
    from maskrnn_core.compute import resolve_compute

    return resolve_compute(options)


def tracker_without_objects(preset: Preset, compute: "Compute | None") -> Tracker:
    """A tracker for the objects of `object_tracker`; `Tracker.follow` makes them known."""
    device = None if compute is None else compute.device
    return Tracker({}, preset.inference, device, reads_flow=preset.reads_flow)


def object_tracker(
    preset: Preset,
    weights: "Weights | None",
    compute: "Compute | None",
    detector: "InstanceDetector | None" = None,
) -> ObjectTracker:
    """What follows one object.

    Args:
        preset: network and inference options.
        weights: of the preset's network, finetuned to the object or the parent's.
        compute: what `compute_for` returns.
        detector: of all objects, for a preset that is guided by instances.

    Raises:
        InvalidInputError: the preset has a network, but there are no weights; or it is guided by
            instances, but there is no detector.
        IncompatibleWeightsError: weights of another network.
    """
    if preset.network is None or compute is None:
        return FlowCarrier() if preset.carry == "warped" else FirstMaskCopy()
    if weights is None:
        raise InvalidInputError("there are no weights; finetune the object, or give the parent's")
    from maskrnn_core.inference.instances import InstanceGuide
    from maskrnn_core.inference.network_tracker import NetworkTracker
    from maskrnn_core.networks import build_network, load_weights

    guide, instances = None, preset.inference.instances
    if instances is not None:
        if detector is None:
            raise InvalidInputError(
                f"{preset.name} is guided by instances, for which there is no detector here: use "
                "the command line, or set inference.instances to None"
            )
        guide = InstanceGuide(detector, instances)
    network = build_network(preset.network)
    load_weights(network, weights)
    network.to(compute.device).eval()
    return NetworkTracker(
        network,
        preset.inference,
        compute,
        warp_mask=preset.network.mask_input == "warped",
        smallest_side=None if preset.finetune is None else preset.finetune.smallest_side,
        guide=guide,
    )


def _first_mask(video: Video, index: int, object_id: int) -> NDArray[np.bool_]:
    label_map = video.label_map(index)
    if label_map is None:
        raise InvalidInputError(f"{video.name}, frame {index}: objects start without a label map")
    return np.asarray(label_map == object_id)


def with_annotation(
    video: Video, index: int, new: Sequence[int], label_map: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """A frame's label map with the annotation of the objects that start there, at output size."""
    annotation = video.annotation(index)
    if annotation is None:
        raise InvalidInputError(f"{video.name}, frame {index}: objects start without a label map")
    # What was found of an object that starts again gives way to its mask.
    others = np.where(np.isin(label_map, list(new)), 0, label_map)
    return np.where(np.isin(annotation, list(new)), annotation, others).astype(np.uint8)
