"""Writes notes about a stored video: masks to check, and objects too small for its working size."""

from storage.kinds.videos import VIDEOS
from storage.store.artifacts import ArtifactStore


def ingest_note(store: ArtifactStore, key: str) -> str:
    """Return what a person should check about a stored video; empty if there is nothing.

    Args:
        store: the store with the video.
        key: key of the video.
    """
    # Earlier versions did not store the remarks.
    remarks = store.open(VIDEOS, key).metadata.get("remarks", [])
    return " ".join(filter(None, [*remarks, reduction_note(store, key)]))


def reduction_note(store: ArtifactStore, key: str) -> str:
    """Return which objects of a stored video are followed later than they are given, and why.

    An object of a few pixels may have none left after its video is reduced. The note is empty if
    all objects start in the frame of their first mask.

    Args:
        store: the store with the video.
        key: key of the video.
    """
    known = store.open(VIDEOS, key).metadata
    first = known["first_frames"]
    given = known.get("given_frames", first)  # earlier versions did not store it
    names = known["frame_names"]
    late = [
        f"object {label}, given in frame {names[at]}, is followed from frame {names[start]} on"
        for label, at, start in zip(known["objects"], given, first, strict=True)
        if at != start
    ]
    if not late:
        return ""
    height, width = known["size"]
    return (
        f"{'; '.join(late)}: before, no pixel is left at the working size {width}x{height}; use a "
        "larger --resolution"
    )
