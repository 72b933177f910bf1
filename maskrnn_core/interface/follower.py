"""Objects followed through frames of which neither number nor objects are known in advance."""

from typing import TYPE_CHECKING

import cv2
import numpy as np

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.inference.one_frame import (
    FrameInputs,
    compute_for,
    object_tracker,
    segmented_frame,
    tracker_without_objects,
)
from maskrnn_core.interface.given_frame import GivenFrame
from maskrnn_core.interface.results import FrameResult, frame_result_of
from maskrnn_core.options import ComputeOptions, Preset
from maskrnn_core.video import VOID, UInt8Array

if TYPE_CHECKING:
    from maskrnn_core.networks.weights import Weights
    from maskrnn_core.samples.augmentation import FrameSample


class Follower:
    """Takes frames with their optical flow, in order; objects start with the masks given.

    Holds one probability map and one network per object, and no frame unless `refinetune` is set.

    Args:
        preset: network, finetuning and inference options.
        parent: weights of the preset's network; None for a preset that has no network, or learns
            from the first masks alone.
        compute: device, precision, threads.
        resolution: short side at which objects are followed; None keeps the frames' size.
        keep_probabilities: whether results hold them.
        refinetune: finetune again, on all masks of an object so far, when it starts again; the
            frames of these masks are kept for that.
    """

    def __init__(
        self,
        preset: Preset,
        parent: "Weights | None",
        compute: ComputeOptions,
        resolution: int | None,
        *,
        keep_probabilities: bool,
        refinetune: bool = False,
    ) -> None:
        if resolution is not None and resolution < 1:
            raise InvalidInputError(
                f"the resolution is {resolution}; give the short side in pixels, 1 or more, or "
                "None for the frames' size"
            )
        if preset.inference.backwards:
            raise InvalidInputError(
                "frames are followed forwards only here: set inference.backwards to False"
            )
        self._preset = preset
        self._parent = _untrained(preset, compute) if parent is None else parent
        self._options = compute
        self._compute = compute_for(preset, compute)
        self._resolution = resolution
        self._keep_probabilities = keep_probabilities
        self._refinetune = refinetune
        self._samples: dict[int, dict[int, FrameSample]] = {}
        self._tracker = tracker_without_objects(preset, self._compute)
        self._objects: tuple[int, ...] = ()
        self._next = 0
        self._output_size: tuple[int, int] | None = None

    def forget_size(self) -> None:
        """Let the next frame set the size; for a first frame that was refused."""
        self._output_size = None

    def working(self, frame: UInt8Array) -> UInt8Array:
        """A copy of a frame at the size at which objects are followed, contiguous in memory.

        Raises:
            InvalidInputError: the frame has another size than the first.
        """
        size = (frame.shape[0], frame.shape[1])
        if self._output_size is None:
            self._output_size = size
        if size != self._output_size:
            raise InvalidInputError(
                f"a frame is {size[1]}x{size[0]}, but the first is {self._output_size[1]}x"
                f"{self._output_size[0]}; bring all frames to one size"
            )
        smaller = _resized(frame, working_size(size, self._resolution), cv2.INTER_AREA)
        # A camera may write its next frame into the same array, and torch takes no mirrored views.
        return frame.copy() if smaller is frame else smaller

    def advance(self, inputs: FrameInputs, mask: UInt8Array | None) -> FrameResult:
        """Segment the next frame.

        Args:
            inputs: frame at its working size, flow to its neighbours, and whether a shot begins.
            mask: label map at the frames' size; its objects start here, or start again.

        Raises:
            InvalidInputError: the mask has another size, or an object has no pixel left at the
                working size.
        """
        size = self._output_size or (inputs.frame.shape[0], inputs.frame.shape[1])
        if mask is not None and mask.shape != size:
            raise InvalidInputError(
                f"the mask of frame {self._next} is {mask.shape[1]}x{mask.shape[0]}, the frame "
                f"{size[1]}x{size[0]}; draw it on the frame"
            )
        new = _objects_in(mask)
        objects = tuple(sorted({*self._objects, *new}))
        working = (inputs.frame.shape[0], inputs.frame.shape[1])
        label = None if mask is None else _resized(mask, working, cv2.INTER_NEAREST_EXACT)
        if lost := set(new) - set(_objects_in(label)):
            raise InvalidInputError(
                f"frame {self._next}: object {min(lost)} has no pixel left at the working size "
                f"{working[1]}x{working[0]}; give a larger resolution"
            )
        video = GivenFrame(self._next, working, size, objects, inputs, label, mask)
        for object_id in new:
            again = self._refinetune and self._preset.finetune is not None
            if object_id not in self._objects or again:
                weights = self._weights(video, object_id)
                tracker = object_tracker(self._preset, weights, self._compute)
                self._tracker.follow(object_id, tracker)
        self._objects = objects
        result = segmented_frame(
            self._tracker,
            video,
            self._next,
            inputs,
            new,
            self._preset.inference,
            keep_soft_masks=self._keep_probabilities,
        )
        self._next += 1
        return frame_result_of(result, objects)

    def _weights(self, video: GivenFrame, object_id: int) -> "Weights | None":
        """Weights for an object that starts: the parent's, finetuned if the preset says so."""
        if self._parent is None or self._preset.network is None or self._preset.finetune is None:
            return self._parent
        from maskrnn_core.samples.reading import read_sample
        from maskrnn_core.training.finetuning import MOST_FRAMES, finetune_on, spread

        known = self._samples.get(object_id, {})
        with_flows = self._preset.reads_flow
        sample = read_sample(video, video.index, object_id, with_flows=with_flows)
        known = {**known, video.index: sample}
        if self._refinetune:
            known = {index: known[index] for index in spread(list(known), MOST_FRAMES)}
            self._samples[object_id] = known
        named = {f"frame {index}, object {object_id}": sample for index, sample in known.items()}
        return finetune_on(named, object_id, self._parent, self._preset, self._options).weights


def _untrained(preset: Preset, compute: ComputeOptions) -> "Weights | None":
    """What a preset starts from that learns from the first masks alone; None without a network."""
    if preset.network is None:
        return None
    if preset.trains_offline or preset.finetune is None or preset.wants_weights:
        raise InvalidInputError(
            f"the preset {preset.name} needs a parent: give its weights.safetensors, or take the "
            "preset 'lucid', which learns from the first mask alone, or 'propagate', which has no "
            "network"
        )
    from maskrnn_core.training.parent import train_parent

    return train_parent([], preset, compute).weights


def _objects_in(label_map: UInt8Array | None) -> list[int]:
    return [] if label_map is None else sorted({*np.unique(label_map).tolist()} - {0, VOID})


def working_size(size: tuple[int, int], resolution: int | None) -> tuple[int, int]:
    """Height and width after scaling the shorter side to `resolution`; never enlarges."""
    if resolution is None or min(size) <= resolution:
        return size
    scale = resolution / min(size)
    return round(size[0] * scale), round(size[1] * scale)


def _resized(image: UInt8Array, size: tuple[int, int], how: int) -> UInt8Array:
    if (image.shape[0], image.shape[1]) == size:
        return image
    return np.asarray(cv2.resize(image, (size[1], size[0]), interpolation=how), np.uint8)
