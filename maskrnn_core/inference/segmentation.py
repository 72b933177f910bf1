"""The batch path: a whole video through the tracker, streamed."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.inference.backwards import BackwardFrames
from maskrnn_core.inference.one_frame import (
    FrameInputs,
    compute_for,
    object_tracker,
    segmented_frame,
    tracker_without_objects,
)
from maskrnn_core.inference.results import SegmentedFrame
from maskrnn_core.inference.tracker import ObjectTracker
from maskrnn_core.options import ComputeOptions, Preset
from maskrnn_core.prefetch import prefetch_map
from maskrnn_core.video import Video

if TYPE_CHECKING:
    from maskrnn_core.compute import Compute
    from maskrnn_core.networks.instance_detector import InstanceDetector
    from maskrnn_core.networks.weights import Weights


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

    With `inference.backwards` an object is followed backwards to the frames that are nearer to its
    next given mask. The video must be one shot then, and readable at any frame.

    Args:
        video, weights, preset, compute: as for `segment`, which tells the errors, too.
        starts: ids of the objects that start at a frame, anew where they have started before;
            None lets each start in its first annotated frame alone.
        is_cut: whether another shot begins with a frame; flow to the other shot must be None there.
            Asked after the frame was read.
        keep_soft_masks: whether results hold the probabilities.
        detector: for a preset that is guided by instances.

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
        detector: "InstanceDetector | None" = None,
    ) -> None:
        resolved = compute_for(preset, compute)
        self._tracker = tracker_without_objects(preset, resolved)
        trackers: dict[int, ObjectTracker] = {}
        for object_id in video.objects:
            tracker = _tracker_of(video, object_id, weights, preset, resolved, detector)
            self._tracker.follow(object_id, tracker)
            trackers[object_id] = tracker
        self._video = video
        self._options = preset.inference
        self._reads_ahead = preset.reads_flow and not preset.inference.causal
        self._starts = first_frames(video) if starts is None else starts
        self._behind: BackwardFrames | None = None
        if preset.inference.backwards:
            behind = tracker_without_objects(preset, resolved)
            for object_id, tracker in trackers.items():
                behind.follow(object_id, tracker)
            self._behind = BackwardFrames(video, self._starts, behind)
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

    def _segmented(self, index: int, inputs: FrameInputs) -> SegmentedFrame:
        """The result of the frame after the one that was given last."""
        self._shot += inputs.is_cut
        behind = {} if self._behind is None else self._behind.at(index)
        self._tracker.forget(behind.keys())
        result = segmented_frame(
            self._tracker,
            self._video,
            index,
            inputs,
            self._starts.get(index, ()),
            self._options,
            keep_soft_masks=self._keep_soft_masks,
            behind=behind,
        )
        return replace(result, shot=self._shot)

    def _read(self, index: int) -> FrameInputs:
        video = self._video
        frame = video.frame(index)
        ahead = video.forward_flow(index) if self._reads_ahead else None
        return FrameInputs(frame, video.backward_flow(index), ahead, self._is_cut(index))


def first_frames(video: Video) -> dict[int, list[int]]:
    """Ids of the objects by their first annotated frame."""
    starts: dict[int, list[int]] = {}
    for object_id in video.objects:
        starts.setdefault(video.first_frame(object_id), []).append(object_id)
    return starts


def _tracker_of(
    video: Video,
    object_id: int,
    weights: "Mapping[int, Weights]",
    preset: Preset,
    compute: "Compute | None",
    detector: "InstanceDetector | None",
) -> ObjectTracker:
    if preset.network is not None and object_id not in weights:
        raise InvalidInputError(
            f"{video.name}: no weights for object {object_id}; finetune it, or give the parent's"
        )
    return object_tracker(preset, weights.get(object_id), compute, detector)
