"""Estimates the optical flow of a video both ways; decoding, estimating and writing overlap."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack

from maskrnn_core.options import ComputeOptions
from maskrnn_core.prefetch import prefetch
from maskrnn_core.video import UInt8Array
from storage.kinds.flow_writer import FlowPair
from storage.kinds.stored_flow import FLOW, FlowWrite, write_flow
from storage.kinds.stored_video import StoredVideo, open_video
from storage.store.artifacts import ArtifactStore
from tasks.inputs.flow_method import FlowMethod
from tasks.progress_lines import ProgressLines
from tasks.units.threads import shared_machine

_AHEAD = 2
"""How many frames, and pairs of flow fields, wait between two threads."""


def estimate_flow(
    store_url: str, key: str, video_key: str, method: FlowMethod, compute: ComputeOptions
) -> FlowWrite:
    """Write the optical flow between all neighbouring frames of a video in the store.

    Results of an interrupted run are kept. A writer in another process is waited for.

    Args:
        store_url: the store.
        key: key of the optical flow.
        video_key: key of the video.
        method: the flow estimator.
        compute: device and precision of a network.

    Raises:
        InvalidInputError: the estimator cannot use a frame; names the frame.
        IncompleteArtifactError: the optical flow is not finite.
    """
    from maskrnn_core.optical_flow.streaming import reading_start, stream_flow

    store = ArtifactStore(store_url)
    if store.exists(FLOW, key):
        return FlowWrite()
    video = open_video(store, video_key)
    metadata = {"estimator": method.name, "video": video.name, "video_key": video_key}
    if method.weights is not None:
        metadata["weights"] = method.file_digest
    with ExitStack() as threads:

        def pairs(start: int) -> Iterable[FlowPair]:
            estimator = method.build(shared_machine(compute))
            first = reading_start(estimator, start)
            frames = threads.enter_context(prefetch(_frames(video, first), _AHEAD))
            stream = stream_flow(estimator, lambda _: next(frames), video.frame_count, start)
            progress = ProgressLines("frame pairs", video.frame_count - 1, start)
            return threads.enter_context(prefetch(progress.over(stream), _AHEAD))

        return write_flow(
            store,
            key,
            pairs,
            video.frame_count,
            video.size,
            metadata,
        )


def _frames(video: StoredVideo, first: int) -> Iterator[UInt8Array]:
    return (video.frame(index) for index in range(first, video.frame_count))
