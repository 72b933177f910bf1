"""Object trackers without a network: baselines inside the same pipeline."""

import numpy as np
from torch import Tensor

from maskrnn_core.geometry.boxes import mask_box
from maskrnn_core.geometry.warping import warp
from maskrnn_core.inference.state import ObjectFrame, TrackState


def carried(probability: Tensor) -> ObjectFrame:
    """State of an object whose mask was only moved."""
    box = mask_box((probability >= 0.5).cpu().numpy())
    if box is None:
        return ObjectFrame(probability, TrackState.LOST, np.zeros(4, dtype=np.float32))
    return ObjectFrame(probability, TrackState.TRACKED, box)


class FlowCarrier:
    """The previous mask warped by the backward flow, frame after frame."""

    def step(
        self, previous: ObjectFrame, frame: Tensor, backward: Tensor | None, magnitudes: Tensor
    ) -> ObjectFrame:
        """Warp; without flow the mask stays where it is."""
        if backward is None:
            return previous
        return carried(warp(previous.probability[None, None], backward)[0, 0])


class FirstMaskCopy:
    """The first mask, unmoved."""

    def step(
        self, previous: ObjectFrame, frame: Tensor, backward: Tensor | None, magnitudes: Tensor
    ) -> ObjectFrame:
        """The mask as it was."""
        return previous
