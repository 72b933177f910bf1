"""Says without annotations how far a prediction can be trusted: confidence, lost frames, area."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from storage.kinds.predictions import StoredPrediction
from storage.store.artifacts import ArtifactStore

if TYPE_CHECKING:
    import pandas as pd

LOW = 0.8
"""Confidence below which a frame is always doubtful."""
MORE_DOUBT = 1.5
"""A frame is doubtful, too, where the doubt (1 - confidence) is so many times the usual one."""
LEAST_DOUBT = 0.05
"""Doubt that counts as usual at least."""
_USUAL_FRAMES = 5
"""Frames after the first mask whose median doubt is the usual one: how sure a network is at its
best depends on the network and on the object."""
MOST_DOUBTFUL = 0.1
"""Share of lost or otherwise doubtful frames above which a video is doubtful."""
_RUN = 3
"""Doubtful frames in a row that make an object doubtful; a single frame may be a blink."""
_LOST, _ABSENT = 1, 2
_AREA_FRAMES = 100
"""Label maps that are read for the area, spread over the video."""

_PER_OBJECT = [
    "video",
    "object",
    "start",
    "frames",
    "confidence",
    "lost_frames",
    "lost_share",
    "doubtful_share",
    "area",
    "doubtful_from",
    "reason",
]
_PER_FRAME = ["video", "object", "frame", "state", "confidence"]


@dataclass(frozen=True)
class Confidence:
    """Tables of a run: a row per object, and a row per object and frame."""

    per_object: "pd.DataFrame"
    per_frame: "pd.DataFrame"

    @property
    def doubtful(self) -> int:
        """How many objects become doubtful."""
        return int((self.per_object["doubtful_from"] != "").sum())

    def named(self) -> "dict[str, pd.DataFrame]":
        """The tables by the names of their files."""
        return {"confidence": self.per_object, "per_frame_confidence": self.per_frame}


def gather_confidence(store: ArtifactStore, keys: Iterable[str]) -> Confidence:
    """Join the tables of predictions, given by their keys."""
    predictions = [StoredPrediction(store, key) for key in keys]
    return Confidence(
        _joined([object_confidence(prediction) for prediction in predictions], _PER_OBJECT),
        _joined([frame_confidence(prediction) for prediction in predictions], _PER_FRAME),
    )


def _joined(tables: "list[pd.DataFrame]", columns: list[str]) -> "pd.DataFrame":
    import pandas as pd

    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def object_confidence(prediction: StoredPrediction) -> "pd.DataFrame":
    """Return a row per object.

    `start` is the name of the object's first frame, whose mask was given. The other figures are
    about the `frames` after it: `confidence` is the mean of the frames' confidence, 0 where the
    object has no pixel; `area` is the mean share of the frame, from 100 frames of the video;
    `doubtful_from` is the first of at least three frames in a row that are lost or have a low
    confidence (`doubtful_frames`), and `reason` says which; both are empty if there is none.
    """
    import pandas as pd

    return pd.DataFrame(_object_rows(prediction), columns=_PER_OBJECT)


def _object_rows(prediction: StoredPrediction) -> list[dict[str, Any]]:
    """Return what `object_confidence` does, by column; workers need it, and load no pandas."""
    areas = _areas(prediction)
    rows = []
    for place, object_id in enumerate(prediction.objects):
        states = prediction.states[:, place]
        present = np.flatnonzero(states != _ABSENT)
        start = int(present[0]) if len(present) else len(states) - 1
        states, confidence = states[start + 1 :], prediction.confidence[start + 1 :, place]
        lost = int((states == _LOST).sum())
        doubtful = doubtful_frames(states, confidence)
        values = [
            prediction.video,
            object_id,
            prediction.frame_names[start],
            len(states),
            float(confidence.mean()) if len(states) else 1.0,
            lost,
            lost / len(states) if len(states) else 0.0,
            float(doubtful.mean()) if len(states) else 0.0,
            areas[object_id],
            *_first_doubt(states, doubtful, prediction.frame_names[start + 1 :]),
        ]
        rows.append(dict(zip(_PER_OBJECT, values, strict=True)))
    return rows


def frame_confidence(prediction: StoredPrediction) -> "pd.DataFrame":
    """Return a row per frame and object: its state in words, and its confidence."""
    import pandas as pd

    frames, objects = np.indices(prediction.states.shape)
    words = np.array(["tracked", "lost", "not marked yet"])
    return pd.DataFrame(
        {
            "video": prediction.video,
            "object": np.array(prediction.objects)[objects.ravel()],
            "frame": np.array(prediction.frame_names)[frames.ravel()],
            "state": words[prediction.states.ravel()],
            "confidence": prediction.confidence.ravel().astype(np.float64),
        }
    )


def video_confidence(prediction: StoredPrediction) -> dict[str, float]:
    """Return the figures of a whole video, those of its worst object.

    `confidence` is the lowest of its objects, `lost_share` and `doubtful_share` are the highest;
    `area` is the share of the frame that all objects cover.
    """
    rows = _object_rows(prediction)
    shares = [row["doubtful_share"] for row in rows]
    return {
        "confidence": min((row["confidence"] for row in rows), default=math.nan),
        "lost_share": max((row["lost_share"] for row in rows), default=math.nan),
        "doubtful_share": max(shares, default=math.nan),
        "area": float(sum(row["area"] for row in rows)),
    }


def doubtful_frames(
    states: NDArray[np.uint8], confidence: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Return which frames of an object are lost, or have a low confidence.

    Low is below `LOW`, and whatever has more than `MORE_DOUBT` times the usual doubt: the median
    of 1 - confidence over the object's first tracked frames, or `LEAST_DOUBT` if it is less.

    Args:
        states: of the frames after the one whose mask was given.
        confidence: of the same frames.
    """
    lost = states == _LOST
    doubt = 1.0 - confidence
    first = doubt[~lost][:_USUAL_FRAMES]
    usual = max(float(np.median(first)), LEAST_DOUBT) if len(first) else LEAST_DOUBT
    return np.asarray(lost | (confidence < LOW) | (doubt > MORE_DOUBT * usual), np.bool_)


def _first_doubt(
    states: NDArray[np.uint8], doubtful: NDArray[np.bool_], names: tuple[str, ...]
) -> tuple[str, str]:
    """Return where the first run of doubtful frames begins, and why; a last run may be shorter."""
    lost = states == _LOST
    length = 0
    for index, is_doubtful in enumerate(doubtful.tolist()):
        length = length + 1 if is_doubtful else 0
        if length == _RUN or (length and index == len(names) - 1):
            first = index - length + 1
            return names[first], "lost" if lost[first] else "low confidence"
    return "", ""


def _areas(prediction: StoredPrediction) -> dict[int, float]:
    """Return the mean share of the frame of every object, over frames from which it is marked."""
    count = prediction.frame_count
    chosen = np.unique(np.linspace(0, count - 1, min(count, _AREA_FRAMES)).round().astype(int))
    shares = np.stack(
        [
            np.bincount(prediction.label_map(index).ravel(), minlength=256)[:256]
            for index in chosen.tolist()
        ]
    ) / (prediction.size[0] * prediction.size[1])
    marked = prediction.states[chosen] != _ABSENT
    return {
        object_id: float(shares[marked[:, place], object_id].sum())
        / max(1, int(marked[:, place].sum()))
        for place, object_id in enumerate(prediction.objects)
    }
