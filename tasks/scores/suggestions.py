"""Names the frames of a prediction whose correction would help most; needs no annotation.

A frame is doubtful where the network is unsure (confidence), where the object is lost, where its
area jumps, and where its mask disagrees with the mask before it, warped by the optical flow. A
corrected mask helps the frames after it, up to the next given mask. So a frame is worth its own
doubt times the doubt from there on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from maskrnn_core.geometry.array_sampling import warp_array
from storage.kinds.predictions import StoredPrediction

Flow = Callable[[int], NDArray[np.float32] | None]
"""Gives the backward flow (H, W, 2) of a frame, at any size; None where there is none."""

_LOST, _ABSENT = 1, 2
_LEFT_AFTER = 0.3
"""Part of the doubt that stays in the frames behind a suggested one."""
_LEAST = 0.02
"""Doubt that any frame has, however sure the network is."""
_REASONS = ("low confidence", "differs from the warped mask before", "area jumps")


@dataclass(frozen=True)
class Suggestion:
    """A frame to correct.

    Args:
        video: name of the video.
        frame: name of the frame.
        index: of the frame.
        object_id: the object that needs it most.
        reason: what is doubtful about the object there.
        confidence: of the object in the frame.
        help: doubtful frames that a correction may set right, over all objects; an estimate.
    """

    video: str
    frame: str
    index: int
    object_id: int
    reason: str
    confidence: float
    help: float


@dataclass(frozen=True)
class Doubts:
    """Doubt of every object in every frame.

    Args:
        values: (T, N) in [0, 1]; 0 where the mask was given, or not yet.
        reasons: (T, N) numbers of `_REASONS`.
    """

    values: NDArray[np.float64]
    reasons: NDArray[np.int64]


def suggest_frames(
    prediction: StoredPrediction, flow: Flow, count: int, spacing: int | None = None
) -> list[Suggestion]:
    """Return the frames to correct, the most useful first.

    Args:
        prediction: the prediction.
        flow: optical flow of the video.
        count: how many frames to name at most; frames without doubt are not named.
        spacing: least distance between two of them, and to given masks; None chooses a tenth of
            the video.

    Raises:
        CorruptArtifactError: a label map is damaged.
    """
    given = given_frames(prediction)
    doubts = doubts_of(prediction, flow, given)
    total = prediction.frame_count
    apart = max(1, total // 10) if spacing is None else spacing
    is_free = np.ones(total, dtype=bool)
    for frame in {frame for frames in given.values() for frame in frames}:
        _block(is_free, frame, apart)
    left, starts = doubts.values.copy(), {n: list(f) for n, f in given.items()}
    found: list[Suggestion] = []
    while len(found) < count and is_free.any():
        helps = _helps(left, starts)
        index = int(np.argmax(np.where(is_free, helps.sum(axis=1), -1.0)))
        if doubts.values[index].max(initial=0) <= _LEAST:
            break
        found.append(_suggestion(prediction, doubts, helps, index))
        _block(is_free, index, apart)
        for place, frames in starts.items():
            end = min((frame for frame in frames if frame > index), default=total)
            left[index:end, place] *= _LEFT_AFTER
            frames.append(index)
    return found


def given_frames(prediction: StoredPrediction) -> dict[int, list[int]]:
    """Return the frames with given masks of each object, by its place in the prediction."""
    known: Mapping[str, Sequence[int]] | None = prediction.metadata.get("masks")
    found: dict[int, list[int]] = {}
    for place, object_id in enumerate(prediction.objects):
        if known is not None:  # earlier versions did not keep them
            found[place] = sorted(int(frame) for frame, ids in known.items() if object_id in ids)
        else:
            found[place] = np.flatnonzero(prediction.states[:, place] != _ABSENT)[:1].tolist()
    return found


def doubts_of(
    prediction: StoredPrediction, flow: Flow, given: Mapping[int, Sequence[int]]
) -> Doubts:
    """Return the doubt of every object in every frame; reads every label map once."""
    count, objects = prediction.states.shape
    parts = np.zeros((count, objects, len(_REASONS)))
    parts[..., 0] = 1 - prediction.confidence
    former: NDArray[np.uint8] | None = None
    for index in range(count):
        motion = flow(index)
        labels = _at_flow(prediction.label_map(index), motion)
        if former is not None and former.shape != labels.shape:
            former = _resized(former, labels.shape)
        if former is not None:
            for place, object_id in enumerate(prediction.objects):
                parts[index, place, 1:] = _changes(former, labels, object_id, motion)
        former = labels
    lost = prediction.states == _LOST
    values = np.where(lost, 1.0, 1 - (1 - parts).prod(axis=2))
    values[prediction.states == _ABSENT] = 0
    for place, frames in given.items():
        values[list(frames), place] = 0
    return Doubts(values, parts.argmax(axis=2))


def _changes(
    former: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    object_id: int,
    motion: NDArray[np.float32] | None,
) -> tuple[float, float]:
    """Disagreement with the warped mask before, and the jump of the area; both in [0, 1]."""
    before, now = former == object_id, labels == object_id
    areas = int(before.sum()), int(now.sum())
    if not any(areas):
        return 0.0, 0.0
    jump = 1 - min(areas) / max(areas)
    if motion is None:
        return 0.0, jump
    expected = warp_array(before.astype(np.float32), motion) >= 0.5
    union = int((expected | now).sum())
    agreement = int((expected & now).sum()) / union if union else 0.0
    return 1 - agreement, jump


def _helps(doubts: NDArray[np.float64], given: Mapping[int, Sequence[int]]) -> NDArray[np.float64]:
    """Return what a mask in each frame would help each object, (T, N)."""
    helps = np.zeros_like(doubts)
    for place, frames in given.items():
        edges = [*sorted(frames), len(doubts)]
        for start, end in pairwise(edges):
            ahead = doubts[start:end, place][::-1].cumsum()[::-1]
            helps[start:end, place] = doubts[start:end, place] * ahead
    return helps


def _suggestion(
    prediction: StoredPrediction, doubts: Doubts, helps: NDArray[np.float64], index: int
) -> Suggestion:
    place = int(helps[index].argmax())
    is_lost = prediction.states[index, place] == _LOST
    return Suggestion(
        prediction.video,
        prediction.frame_names[index],
        index,
        prediction.objects[place],
        "lost" if is_lost else _REASONS[int(doubts.reasons[index, place])],
        float(prediction.confidence[index, place]),
        float(helps[index].sum()),
    )


def _block(is_free: NDArray[np.bool_], index: int, apart: int) -> None:
    is_free[max(0, index - apart + 1) : index + apart] = False


def _at_flow(labels: NDArray[np.uint8], motion: NDArray[np.float32] | None) -> NDArray[np.uint8]:
    return labels if motion is None else _resized(labels, motion.shape[:2])


def _resized(labels: NDArray[np.uint8], size: tuple[int, ...]) -> NDArray[np.uint8]:
    if labels.shape == size:
        return labels
    how = cv2.INTER_NEAREST_EXACT
    return np.asarray(cv2.resize(labels, (size[1], size[0]), interpolation=how), np.uint8)
