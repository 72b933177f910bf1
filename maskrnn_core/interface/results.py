"""What `segment` and `Segmenter` give for a frame."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.inference.results import SegmentedFrame
from maskrnn_core.inference.state import TrackState


@dataclass(frozen=True)
class ObjectResult:
    """One object in one frame."""

    state: TrackState
    """TRACKED, or LOST: nothing of the object was found in the frame."""
    box: NDArray[np.float32]
    """(4,) x0, y0, x1, y1 in pixels, half open; zeros where there is none."""
    confidence: float
    """Mean probability of the object's pixels, 0 where there are none; 1 where its mask was given.
    """
    probability: NDArray[np.uint8] | None
    """(H, W): 255 times the probability, if probabilities are kept."""


@dataclass(frozen=True)
class FrameResult:
    """The result of one frame, at the size of the frame."""

    index: int
    """Number of the frame, from 0 on."""
    label_map: NDArray[np.uint8]
    """(H, W): 0 background, else the object's id."""
    objects: Mapping[int, ObjectResult]
    """By ascending id: the objects whose masks were given in this frame or before it."""


def frame_result_of(frame: SegmentedFrame, objects: tuple[int, ...]) -> FrameResult:
    """The result of a frame whose objects are in the order of `objects`."""
    found = {
        object_id: ObjectResult(
            TrackState(frame.states[place]),
            frame.boxes[place],
            float(frame.confidence[place]),
            None if frame.probabilities is None else frame.probabilities[place],
        )
        for place, object_id in enumerate(objects)
    }
    return FrameResult(frame.index, frame.label_map, found)
