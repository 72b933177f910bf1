"""What is known of one object in one frame."""

from dataclasses import dataclass
from enum import IntEnum

from torch import Tensor

from maskrnn_core.geometry.boxes import Box


class TrackState(IntEnum):
    """Part of the output, per frame and object."""

    TRACKED = 0
    LOST = 1
    """The warped mask was empty and nothing confident was found again."""
    ABSENT = 2
    """Before the object's first annotated frame."""


@dataclass(frozen=True)
class ObjectFrame:
    """One object in one frame."""

    probability: Tensor
    """(H, W) float32 in [0, 1], on the tracker's device; zero outside the gate."""
    state: TrackState
    box: Box
    """xyxy in pixels: the localization net's, or the mask's where it does not apply."""
    seen_area: float = 0.0
    """Pixels at or above the threshold when a network last saw it; 0 before that."""
