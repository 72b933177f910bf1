"""A note about objects too small for the working size of their video."""

from storage.kinds.videos import VIDEOS
from storage.store.artifacts import ArtifactStore


def reduction_note(store: ArtifactStore, key: str) -> str:
    """Which objects of a stored video are followed later than they are given, and why.

    An object of a few pixels can have none left where its video is reduced. Empty for a video
    whose objects all start in the frame of their first mask.

    Args:
        store: that has the video.
        key: of the video.
    """
    known = store.open(VIDEOS, key).metadata
    first = known["first_frames"]
    given = known.get("given_frames", first)  # not known of videos stored by former versions
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
        f"{'; '.join(late)}: it has no pixel before at the working size {width}x{height}; a larger "
        "--resolution keeps it"
    )
