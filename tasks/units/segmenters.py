"""Makes what segments a video by a preset: this package's method, or a tracker of another one."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from maskrnn_core.options import ComputeOptions, Preset
from maskrnn_core.video import Video
from tasks.inputs.detector_weights import detector_for
from tasks.inputs.trackers import build_tracker

if TYPE_CHECKING:
    from maskrnn_core.inference.segmentation import VideoSegmenter
    from maskrnn_core.networks.weights import Weights
    from maskrnn_core.trackers.segmenter import TrackerSegmenter


def segmenter_for(
    video: Video,
    weights: "Mapping[int, Weights]",
    preset: Preset,
    compute: ComputeOptions,
    *,
    starts: Mapping[int, Sequence[int]] | None = None,
    is_cut: Callable[[int], bool] = lambda index: False,
    keep_soft_masks: bool = False,
) -> "VideoSegmenter | TrackerSegmenter":
    """Return the segmenter of a video; arguments and errors as for `VideoSegmenter`.

    Raises:
        ParameterError: the preset's tracker is not installed here, or in another version; or the
            detector's weights are missing here, or are others than those of the run.
    """
    from maskrnn_core.inference.segmentation import VideoSegmenter, first_frames
    from maskrnn_core.trackers.segmenter import TrackerSegmenter

    choice = preset.tracker
    if choice is None:
        return VideoSegmenter(
            video,
            weights,
            preset,
            compute,
            starts=starts,
            is_cut=is_cut,
            keep_soft_masks=keep_soft_masks,
            detector=detector_for(preset, compute),
        )
    from maskrnn_core.compute import resolve_compute

    resolve_compute(compute)  # sets the threads of this process
    return TrackerSegmenter(
        video,
        lambda: build_tracker(choice),
        choice.name,
        starts=first_frames(video) if starts is None else starts,
        is_cut=is_cut,
        keep_soft_masks=keep_soft_masks,
    )
