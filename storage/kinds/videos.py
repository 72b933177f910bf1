"""Stored videos: their key, writing and opening."""

from storage.kinds.stored_video import StoredVideo, open_video
from storage.kinds.video_writer import (
    VIDEOS,
    key_in_store,
    video_key,
    working_size,
    write_video,
)

__all__ = [
    "VIDEOS",
    "StoredVideo",
    "key_in_store",
    "open_video",
    "video_key",
    "working_size",
    "write_video",
]
