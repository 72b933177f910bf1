"""A video from any source, segmented from its first frame to its last."""

import os
from collections.abc import Iterable, Iterator

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.inference.one_frame import FrameInputs
from maskrnn_core.interface.follower import Follower
from maskrnn_core.interface.frames import FrameSource, frames_of
from maskrnn_core.interface.masks import Masks, masks_by_frame
from maskrnn_core.interface.method import estimator_of, parent_of, preset_of
from maskrnn_core.interface.results import FrameResult
from maskrnn_core.networks.weights import Weights
from maskrnn_core.optical_flow.estimator import FlowEstimator
from maskrnn_core.options import ComputeOptions, Preset
from maskrnn_core.prefetch import prefetch
from maskrnn_core.video import UInt8Array

_AHEAD = 2


def segment(
    frames: FrameSource,
    masks: Masks,
    preset: str | Preset = "propagate",
    parent: str | os.PathLike[str] | Weights | None = None,
    *,
    flow: str | FlowEstimator = "dis",
    resolution: int | None = None,
    compute: ComputeOptions = ComputeOptions(),  # noqa: B008 (frozen)
    keep_probabilities: bool = False,
    refinetune: bool = False,
) -> Iterator[FrameResult]:
    """Follow objects through a video; yield one result per frame, in order.

    A few frames are read in advance in a thread, which also estimates optical flow. So memory does
    not depend on the length. The video is one shot; `Segmenter.cut` serves several.

    Args:
        frames: path of a video file or of a folder of images, array (T, H, W, 3), open PyAV
            container, or iterable of arrays (H, W, 3): uint8, RGB, all of one size.
        masks: mask of the first frame, or a mapping from numbers of frames to masks. A mask is
            (H, W) with ids of objects, from 1 to 254; (H, W) of truth values for one object; or
            (N, H, W) of truth values for several. A later mask starts its objects again.
        preset: as for `Segmenter`.
        parent: as for `Segmenter`.
        flow: as for `Segmenter`.
        resolution: as for `Segmenter`.
        compute: as for `Segmenter`.
        keep_probabilities: as for `Segmenter`.
        refinetune: as for `Segmenter`.

    Raises:
        InvalidInputError: what is given cannot be used. What can be known without reading frames
            is raised at the call, the rest when the frame is read.
        IncompatibleWeightsError: the parent is damaged, or belongs to another network.
    """
    follower = Follower(
        preset_of(preset),
        parent_of(parent),
        compute,
        resolution,
        keep_probabilities=keep_probabilities,
        refinetune=refinetune,
    )
    given = masks_by_frame(masks)
    source = map(follower.working, frames_of(frames))
    return _segmented(follower, _with_flow(source, estimator_of(flow, compute)), given)


def _segmented(
    follower: Follower, inputs: Iterable[FrameInputs], masks: dict[int, UInt8Array]
) -> Iterator[FrameResult]:
    count = 0
    with prefetch(inputs, _AHEAD) as arriving:
        for count, frame in enumerate(arriving, 1):
            yield follower.advance(frame, masks.get(count - 1))
    if late := [index for index in masks if index >= count]:
        raise InvalidInputError(
            f"there is a mask for frame {max(late)}, but the video has {count} frames; frames are "
            "counted from 0"
        )


def _with_flow(frames: Iterable[UInt8Array], estimator: FlowEstimator) -> Iterator[FrameInputs]:
    """Each frame with its flow to the one before and the one after it."""
    previous, backward = None, None
    for frame in frames:
        if previous is not None:
            forward, following = estimator.estimate_both(previous, frame)
            yield FrameInputs(previous, backward, forward, False)
            backward = following
        previous = frame
    if previous is not None:
        yield FrameInputs(previous, backward, None, False)
