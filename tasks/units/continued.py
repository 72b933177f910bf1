"""Continues an earlier prediction in its middle: which frames stay, and where objects are then."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskrnn_core.inference.backwards import backward_ranges
from maskrnn_core.inference.state import TrackState
from storage.kinds.prediction_writer import PredictionWriter
from storage.kinds.predictions import StoredPrediction
from tasks.given import Correction, GivenMask, frames_of, starts_of


def first_changed(given: Sequence[GivenMask], correction: Correction, *, backwards: bool) -> int:
    """Return the first frame that a correction can change.

    This is the first frame with an added mask; with `inference.backwards`, the first frame that is
    followed backwards from such a mask.
    """
    added = set(correction.added)
    ranges = backward_ranges(starts_of(given)) if backwards else {}
    return min(
        ranges.get(mask.frame, {}).get(object_id, mask.frame)
        for mask in given
        if (mask.frame, mask.mask) in added
        for object_id in mask.objects
    )


def copy_frames(before: StoredPrediction, writer: PredictionWriter, end: int) -> None:
    """Add the frames of an earlier prediction, up to `end` (exclusive), that are missing."""
    for index in range(writer.next_frame, end):
        writer.add(
            index,
            before.label_map(index),
            before.states[index],
            before.boxes[index],
            before.confidence[index],
            int(before.shots[index]),
        )


def state_after(
    before: StoredPrediction, index: int, size: tuple[int, int], given: Sequence[GivenMask]
) -> dict[str, NDArray[Any]]:
    """Return the state of a tracker after a frame, as `VideoSegmenter.state` gives it.

    A prediction keeps masks and no probabilities, so an object's probability is its mask.

    Args:
        before: the prediction.
        index: of the frame.
        size: height and width at which objects are followed.
        given: the given masks; those up to the frame are the prediction's own.
    """
    places = [n for n, s in enumerate(before.states[index]) if s != TrackState.ABSENT]
    objects = [before.objects[place] for place in places]
    if not objects:
        return {"objects": np.zeros(0, np.int64), "shot": np.array(0, np.int64)}
    masks = [_mask(before, index, object_id, size) for object_id in objects]
    height, width = before.size
    scale = np.array([size[1] / width, size[0] / height] * 2, np.float32)
    return {
        "objects": np.array(objects, np.int64),
        "probability": np.stack(masks),
        "state": before.states[index][places].astype(np.uint8),
        "box": (before.boxes[index][places] * scale).astype(np.float32),
        "seen_area": np.array(
            [_seen_area(before, index, place, size) for place in places], np.float64
        ),
        "given_area": np.array(
            [_given_area(before, index, object_id, size, given) for object_id in objects],
            np.float64,
        ),
        "shot": np.array(int(before.shots[index]), np.int64),
    }


def _mask(
    before: StoredPrediction, index: int, object_id: int, size: tuple[int, int]
) -> NDArray[np.float32]:
    mask: NDArray[np.float32] = (before.label_map(index) == object_id).astype(np.float32)
    if mask.shape == size:
        return mask
    return np.asarray(cv2.resize(mask, size[::-1], interpolation=cv2.INTER_AREA), np.float32)


def _seen_area(before: StoredPrediction, index: int, place: int, size: tuple[int, int]) -> float:
    """Pixels of an object, at working size, in the last frame up to `index` that shows it."""
    tracked = np.flatnonzero(before.states[: index + 1, place] == TrackState.TRACKED)
    for frame in tracked[::-1].tolist():
        if area := float(_mask(before, frame, before.objects[place], size).sum()):
            return area
    return 0.0


def _given_area(
    before: StoredPrediction,
    index: int,
    object_id: int,
    size: tuple[int, int],
    given: Sequence[GivenMask],
) -> float:
    """Pixels of an object, at working size, in its last given mask up to `index`; 0 without one."""
    started = [frame for frame in frames_of(given, object_id) if frame <= index]
    return float(_mask(before, started[-1], object_id, size).sum()) if started else 0.0
