"""The batch path: a whole video through the tracker, streamed."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.inference.carriers import FirstMaskCopy, FlowCarrier
from maskrnn_core.inference.results import SegmentedFrame, frame_result, fused_at, soft_masks
from maskrnn_core.inference.state import ObjectFrame
from maskrnn_core.inference.tracker import ObjectTracker, Tracker
from maskrnn_core.options import ComputeOptions, Preset
from maskrnn_core.prefetch import prefetch_map
from maskrnn_core.video import FloatArray, UInt8Array, Video

if TYPE_CHECKING:
    from maskrnn_core.networks.weights import Weights


class _Inputs(NamedTuple):
    frame: UInt8Array
    backward: FloatArray | None
    forward: FloatArray | None
    is_cut: bool


def segment(
    video: Video,
    weights: "Mapping[int, Weights]",
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
    """What `segment` does, able to begin in the middle; reads each frame once, in order.

    At a cut every object is lost: nothing is warped across it, a network searches its object in the
    whole frame from there on, and without one the object stays lost until it starts again.

    Args:
        video, weights, preset, compute: as for `segment`, which tells the errors, too.
        starts: ids of the objects that start at a frame, anew where they have started before;
            None lets each start in its first annotated frame alone.
        is_cut: whether another shot begins with a frame; flow to the other shot must be None there.
            Asked after the frame was read.
        keep_soft_masks: whether results hold the probabilities.

    Attributes:
        waited: seconds for which frames and flow were waited for.
    """

    def __init__(
        self,
        video: Video,
        weights: "Mapping[int, Weights]",
        preset: Preset,
        compute: ComputeOptions,
        *,
        starts: Mapping[int, Sequence[int]] | None = None,
        is_cut: Callable[[int], bool] = lambda index: False,
        keep_soft_masks: bool = False,
    ) -> None:
        self._tracker = _tracker(video, weights, preset, compute)
        self._video = video
        self._options = preset.inference
        self._starts = _first_frames(video) if starts is None else starts
        self._is_cut = is_cut
        self._keep_soft_masks = keep_soft_masks
        self._shot = 0
        self.waited = 0.0

    def state(self) -> dict[str, NDArray[Any]]:
        """What the frames after the one that was given last depend on.

        Returns:
            As `Tracker.state`, and `shot`, the number of the last frame's shot.
        """
        return {**self._tracker.state(), "shot": np.array(self._shot, np.int64)}

    def frames(
        self, start: int = 0, state: Mapping[str, NDArray[Any]] | None = None
    ) -> Generator[SegmentedFrame, None, None]:
        """Results from frame `start` on, as `segment` gives them.

        Args:
            start: index of the first frame to give.
            state: what `state` told after frame `start` - 1; None to begin with frame 0.
        """
        if state is not None:
            self._tracker.load_state(state)
            self._shot = int(state["shot"])
        indices = range(start, self._video.frame_count)
        with prefetch_map(self._read, indices) as inputs_ahead:
            for index in indices:
                asked = time.perf_counter()
                inputs = next(inputs_ahead)
                self.waited += time.perf_counter() - asked
                yield self._segmented(index, inputs)

    def _segmented(self, index: int, inputs: _Inputs) -> SegmentedFrame:
        """The result of the frame after the one that was given last."""
        video = self._video
        if inputs.is_cut:
            self._shot += 1
            self._tracker.cut()
        objects: dict[int, ObjectFrame] = {}
        label_map = np.zeros(video.output_size, np.uint8)
        if self._tracker.is_following:
            objects, label_map = self._tracker.step(*inputs[:3])
            if video.output_size != video.size:
                label_map = fused_at(objects, video.output_size, self._options)
        new = self._starts.get(index, ())
        if new:
            label_map = _with_annotation(video, index, new, label_map)
            for object_id in new:
                self._tracker.start(object_id, _first_mask(video, index, object_id))
        result = frame_result(video, index, label_map, objects, new, self._options.threshold)
        soft = soft_masks(video, objects, new, label_map) if self._keep_soft_masks else None
        return replace(result, shot=self._shot, probabilities=soft)

    def _read(self, index: int) -> _Inputs:
        video = self._video
        frame = video.frame(index)
        flow = video.backward_flow(index), video.forward_flow(index)
        return _Inputs(frame, *flow, self._is_cut(index))


def _first_frames(video: Video) -> dict[int, list[int]]:
    """Ids of the objects by their first annotated frame."""
    starts: dict[int, list[int]] = {}
    for object_id in video.objects:
        starts.setdefault(video.first_frame(object_id), []).append(object_id)
    return starts


def _tracker(
    video: Video, weights: "Mapping[int, Weights]", preset: Preset, compute: ComputeOptions
) -> Tracker:
    """A tracker with the networks of all objects, or one that only carries masks."""
    if preset.network is None:
        carrier = FlowCarrier() if preset.carry == "warped" else FirstMaskCopy()
        return Tracker(dict.fromkeys(video.objects, carrier), preset.inference, None)
    # Imported here, because a preset without a network needs no torch.
    from maskrnn_core.compute import resolve_compute
    from maskrnn_core.inference.network_tracker import NetworkTracker
    from maskrnn_core.networks import build_network, load_weights

    resolved = resolve_compute(compute)
    trackers: dict[int, ObjectTracker] = {}
    for object_id in video.objects:
        if object_id not in weights:
            raise InvalidInputError(
                f"{video.name}: no weights for object {object_id}; finetune it, or give the "
                "parent's"
            )
        network = build_network(preset.network)
        load_weights(network, weights[object_id])
        network.to(resolved.device).eval()
        warp_mask = preset.network.mask_input == "warped"
        trackers[object_id] = NetworkTracker(
            network, preset.inference, resolved, warp_mask=warp_mask
        )
    return Tracker(trackers, preset.inference, resolved.device)


def _first_mask(video: Video, index: int, object_id: int) -> NDArray[np.bool_]:
    label_map = video.label_map(index)
    if label_map is None:
        raise InvalidInputError(f"{video.name}, frame {index}: objects start without a label map")
    return np.asarray(label_map == object_id)


def _with_annotation(
    video: Video, index: int, new: Sequence[int], label_map: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    annotation = video.annotation(index)
    if annotation is None:
        raise InvalidInputError(f"{video.name}, frame {index}: objects start without a label map")
    return np.where(np.isin(annotation, list(new)), annotation, label_map).astype(np.uint8)
