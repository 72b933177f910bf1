"""Copies frames and annotations of one video from a data set into the store."""

from storage.kinds.videos import VIDEOS, write_video
from storage.store.artifacts import ArtifactStore
from tasks.inputs.sources import DatasetSpec, open_source


def ingest(store_url: str, key: str, spec: DatasetSpec, video: str, short_side: int | None) -> None:
    """Write a video at its working size.

    Args:
        store_url: the store to write to.
        key: as `storage.kinds.videos.video_key` gives it.
        spec: the data set.
        video: name of the video in the data set.
        short_side: of the frames in the store, in pixels; None keeps the source's.

    Raises:
        DatasetError: a frame or annotation cannot be used; names the file and what to do.
        StoreFullError: there is no space left.
    """
    store = ArtifactStore(store_url)
    if not store.exists(VIDEOS, key):
        origin = {"dataset": spec.name, "root": spec.root, "masks": spec.masks}
        write_video(store, open_source(spec, video), short_side, origin)
