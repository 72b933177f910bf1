"""What is known of one object in one frame."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.geometry.boxes import Box

ProbabilityMap = Any
"""(H, W) float32 in [0, 1]: a tensor on the tracker's device; without a network, a NumPy array."""


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

    probability: ProbabilityMap
    """Zero outside the gate."""
    state: TrackState
    box: Box
    """xyxy in pixels: the localization net's, or the mask's where it does not apply."""
    seen_area: float = 0.0
    """Pixels at or above the threshold when a network last saw it, or what is remembered of larger
    ones (`InferenceOptions.second_look`); before that, those of the given mask."""
    given_area: float = 0.0
    """Pixels of the mask from which the object started; 0 where that is not known."""
    categories: frozenset[int] = frozenset()
    """Of the instances that guide its network (`InstanceGuide`); empty for no guidance."""


def on_host(values: Any) -> NDArray[Any]:
    """A tensor or array as a NumPy array in the memory of the machine."""
    found: NDArray[Any] = values if isinstance(values, np.ndarray) else values.cpu().numpy()
    return found
