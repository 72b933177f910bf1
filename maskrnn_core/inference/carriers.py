"""Object trackers without a network: baselines inside the same pipeline."""

import numpy as np
import torch
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


def lost(previous: ObjectFrame) -> ObjectFrame:
    """State of an object that nothing can find again."""
    absent = torch.zeros_like(previous.probability)
    return ObjectFrame(absent, TrackState.LOST, np.zeros(4, dtype=np.float32))


class FlowCarrier:
    """The previous mask warped by the backward flow, frame after frame."""

    def step(
        self, previous: ObjectFrame, frame: Tensor, backward: Tensor | None, magnitudes: Tensor
    ) -> ObjectFrame:
        """Warp; without flow the mask stays where it is."""
        if backward is None:
            return previous
        return carried(warp(previous.probability[None, None], backward)[0, 0])

    def cut(self, previous: ObjectFrame) -> ObjectFrame:
        """Lost: no motion leads from one shot to another."""
        return lost(previous)


class FirstMaskCopy:
    """The first mask, unmoved."""

    def step(
        self, previous: ObjectFrame, frame: Tensor, backward: Tensor | None, magnitudes: Tensor
    ) -> ObjectFrame:
        """The mask as it was."""
        return previous

    def cut(self, previous: ObjectFrame) -> ObjectFrame:
        """Lost: the mask belongs to the shot before."""
        return lost(previous)
