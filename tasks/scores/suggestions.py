"""Names the frames of a prediction whose correction would help most; needs no annotation.

An object is followed from its given mask on, and may be left at any frame: a little at every one,
and much more where its area jumps, or where its mask disagrees with the mask before, warped by the
optical flow. So the chance that it is still followed falls from frame to frame. In a frame itself
it is doubtful by its confidence, and if it is lost. A mask in a frame undoes what had happened up
to there, and lessens the doubt of the frames behind it, if that frame is doubtful, too. The worth
of a frame is the number of frames, from there to the next given mask, that this would set right.
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
_DRIFT = 0.004
"""Chance to leave the object from one frame to the next, without a sign of it."""
_EVENT, _SURE_EVENT = 0.05, 0.65
"""Change of a mask, beyond twice the usual one, that is a sign, and that is a sure one."""
_MOST = 0.9
"""Chance to leave the object at a sure sign."""
_REACH = 0.97
"""How much of the effect of a mask on doubtful frames reaches from one frame to the next."""
_FARTHEST = 500
"""Frames behind a mask that count."""
_SIGNS = ("differs from the warped mask before", "area jumps")
_WEAK = 0.1
"""Doubt that is named as the reason."""


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
        help: number of frames that a correction would set right, over all objects; an estimate.
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
    """What is doubtful about every object in every frame.

    Args:
        frames: (T, N) in [0, 1], doubt in the frame itself; 0 before the first mask.
        changes: (T, N) in [0, 1], chance that the object is left at the frame.
        signs: (T, N) numbers of `_SIGNS`, the stronger one.
    """

    frames: NDArray[np.float64]
    changes: NDArray[np.float64]
    signs: NDArray[np.int64]


def suggest_frames(
    prediction: StoredPrediction, flow: Flow, count: int, spacing: int | None = None
) -> list[Suggestion]:
    """Return the frames to correct, the most useful first.

    Args:
        prediction: the prediction.
        flow: optical flow of the video.
        count: how many frames to name at most; fewer if no more are apart.
        spacing: least distance between two of them, and to given masks; None chooses a tenth of
            the video.

    Raises:
        CorruptArtifactError: a label map is damaged.
    """
    given = given_frames(prediction)
    doubts = doubts_of(prediction, flow)
    total = prediction.frame_count
    apart = max(1, total // 10) if spacing is None else spacing
    is_free = np.ones(total, dtype=bool)
    for frame in {frame for frames in given.values() for frame in frames}:
        _block(is_free, frame, apart)
    found: list[Suggestion] = []
    while len(found) < count and is_free.any():
        helps = np.zeros(doubts.frames.shape)
        for place, frames in given.items():
            helps[:, place] = _helps(doubts.frames[:, place], doubts.changes[:, place], frames)
        index = int(np.argmax(np.where(is_free, helps.sum(axis=1), -1.0)))
        if helps[index].sum() <= 0:
            break
        found.append(_suggestion(prediction, doubts, helps, index))
        _block(is_free, index, apart)
        for place, frames in given.items():
            end = min((frame for frame in frames if frame > index), default=total)
            doubt = doubts.frames[index:end, place]
            doubt *= 1 - doubt[0] * _REACH ** np.arange(end - index)
            if prediction.states[index, place] != _ABSENT:  # there is nothing of it to correct
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


def doubts_of(prediction: StoredPrediction, flow: Flow) -> Doubts:
    """Return what is doubtful in every frame; reads every label map once."""
    changes = np.zeros((*prediction.states.shape, len(_SIGNS)))
    former: NDArray[np.uint8] | None = None
    for index in range(prediction.frame_count):
        motion = flow(index)
        labels = _at_flow(prediction.label_map(index), motion)
        if former is not None:
            former = _resized(former, labels.shape)
            for place, object_id in enumerate(prediction.objects):
                changes[index, place] = _changes(former, labels, object_id, motion)
        former = labels
    largest = changes.max(axis=2)
    beyond = (largest - 2 * np.median(largest, axis=0) - _EVENT) / (_SURE_EVENT - _EVENT)
    frames = np.where(prediction.states == _LOST, 1.0, 1 - prediction.confidence)
    frames[prediction.states == _ABSENT] = 0
    left = np.maximum(_DRIFT, _MOST * np.clip(beyond, 0, 1))
    return Doubts(frames, left, changes.argmax(axis=2))


def _changes(
    former: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    object_id: int,
    motion: NDArray[np.float32] | None,
) -> tuple[float, float]:
    """Disagreement with the warped mask before, and the jump of the area; both in [0, 1]."""
    before, now = former == object_id, labels == object_id
    areas = int(before.sum()), int(now.sum())
    if not all(areas):  # lost, or found again
        return 0.0, 0.0
    jump = 1 - min(areas) / max(areas)
    if motion is None:
        return 0.0, jump
    expected = warp_array(before.astype(np.float32), motion) >= 0.5
    union = int((expected | now).sum())
    agreement = int((expected & now).sum()) / union if union else 0.0
    return 1 - agreement, jump


def _helps(
    doubts: NDArray[np.float64], changes: NDArray[np.float64], given: Sequence[int]
) -> NDArray[np.float64]:
    """Return how many frames a mask in each frame would set right of one object, (T,)."""
    helps = np.zeros(len(doubts))
    edges = [*sorted(given), len(doubts)]
    for start, end in pairwise(edges):
        followed = np.cumprod(1 - np.where(np.arange(start, end) > start, changes[start:end], 0))
        for frame in range(start + 1, end):
            part = slice(frame, min(end, frame + _FARTHEST))
            here, chance = doubts[part], followed[part.start - start : part.stop - start]
            lessened = here * (1 - here[0] * _REACH ** np.arange(len(here)))
            # Signs behind an object that was left already say nothing about a corrected one.
            signs = _DRIFT + (changes[part] - _DRIFT) * chance[0]
            anew = np.cumprod(1 - np.where(np.arange(len(here)) > 0, signs, 0))
            helps[frame] = ((1 - lessened) * anew - (1 - here) * chance).sum()
    return helps


def _suggestion(
    prediction: StoredPrediction, doubts: Doubts, helps: NDArray[np.float64], index: int
) -> Suggestion:
    place = int(helps[index].argmax())
    doubt, change = doubts.frames[index, place], doubts.changes[index, place]
    reason = "far from the given masks"
    if prediction.states[index, place] == _LOST:
        reason = "lost"
    elif change > max(doubt, _WEAK):
        reason = _SIGNS[int(doubts.signs[index, place])]
    elif doubt > _WEAK:
        reason = "low confidence"
    return Suggestion(
        prediction.video,
        prediction.frame_names[index],
        index,
        prediction.objects[place],
        reason,
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
