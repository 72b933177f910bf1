"""Finds what a reader should look at first: the worst frames, and where objects were lost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pandas as pd

from tasks.pages.shown import ShownMethod

LOST = 1
"""State of an object that the tracker has lost, as predictions store it."""
_PER_OBJECT = 2
"""Most frames of one object among the worst."""
_APART = 5
"""Fewest frames between two worst frames of one object."""


@dataclass(frozen=True)
class WorstFrame:
    """A frame with a low J."""

    video: str
    frame: int
    frame_name: str
    object_id: int
    value: float


@dataclass(frozen=True)
class Loss:
    """Frames first..last in which an object was lost; `found` says whether it was found again."""

    object_id: int
    first: int
    last: int
    found: bool


def worst_frames(per_frame: pd.DataFrame, most: int) -> list[WorstFrame]:
    """Return the frames with the lowest J that the protocol counts, the lowest first.

    An object is shown at most twice, in frames that do not follow each other closely. So one bad
    video does not hide the others.

    Args:
        per_frame: rows of one method.
        most: number of frames.
    """
    counted = per_frame[per_frame["counted"].astype(bool) & per_frame["J"].notna()]
    taken: dict[tuple[str, int], list[int]] = {}
    found: list[WorstFrame] = []
    ordered = counted.sort_values(["J", "video", "object", "frame"])
    for row in ordered.to_dict(orient="records"):
        if len(found) == most:
            break
        video, object_id, frame = str(row["video"]), int(row["object"]), int(row["frame"])
        before = taken.setdefault((video, object_id), [])
        if len(before) < _PER_OBJECT and all(abs(frame - other) >= _APART for other in before):
            before.append(frame)
            name, value = str(row["frame_name"]), float(row["J"])
            found.append(WorstFrame(video, frame, name, object_id, value))
    return found


def losses(method: ShownMethod) -> list[Loss]:
    """Return where objects were lost, per object and in order; nothing without states."""
    if method.track is None:
        return []
    states = np.asarray(method.track.states)
    return [
        Loss(object_id, first, last, found=last < len(states) - 1)
        for number, object_id in enumerate(method.objects)
        for first, last in _runs(states[:, number] == LOST)
    ]


def _runs(flags: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """First and last index of every run of true values."""
    for value, group in groupby(enumerate(flags), key=lambda pair: bool(pair[1])):
        if value:
            indices = [index for index, _ in group]
            yield indices[0], indices[-1]


def tracking(method: ShownMethod) -> Mapping[int, tuple[int, float]]:
    """Return per object the number of lost frames, and the mean confidence where it was tracked."""
    if method.track is None:
        return {}
    states = np.asarray(method.track.states)
    confidence = np.asarray(method.track.confidence, np.float64)
    found = {}
    for number, object_id in enumerate(method.objects):
        tracked = confidence[states[:, number] == 0, number]
        mean = float(tracked.mean()) if tracked.size else 0.0
        found[object_id] = (int((states[:, number] == LOST).sum()), mean)
    return found
