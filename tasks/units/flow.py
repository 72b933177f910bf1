"""Optical flow of one video, both ways."""

from maskrnn_core.optical_flow.registry import build_estimator
from maskrnn_core.optical_flow.streaming import stream_flow
from storage.artifacts import ArtifactStore
from storage.flow import FLOW, write_flow
from storage.stored_video import open_video


def estimate_flow(store_url: str, key: str, video_key: str, estimator_name: str) -> None:
    """Write the flow between all neighbouring frames of a video in the store.

    Args:
        store_url: the store.
        key: of the flow.
        video_key: of the video.
        estimator_name: name in the registry of estimators.
    """
    store = ArtifactStore(store_url)
    if store.exists(FLOW, key):
        return
    video = open_video(store, video_key)
    estimator = build_estimator(estimator_name)
    metadata = {"estimator": estimator.name, "video": video.name, "video_key": video_key}
    pairs = stream_flow(estimator, video.frame, video.frame_count)
    write_flow(store, key, pairs, video.frame_count, video.size, metadata)
