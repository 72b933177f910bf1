"""Object trackers without a network: baselines inside the same pipeline. They need no torch."""

import numpy as np

from maskrnn_core.geometry.array_sampling import warp_array
from maskrnn_core.geometry.boxes import mask_box
from maskrnn_core.inference.state import ObjectFrame, ProbabilityMap, TrackState, on_host
from maskrnn_core.video import FloatArray, UInt8Array


def carried(probability: ProbabilityMap) -> ObjectFrame:
    """State of an object whose mask was only moved."""
    box = mask_box(on_host(probability) >= 0.5)
    if box is None:
        return ObjectFrame(probability, TrackState.LOST, np.zeros(4, dtype=np.float32))
    return ObjectFrame(probability, TrackState.TRACKED, box)


def lost(previous: ObjectFrame) -> ObjectFrame:
    """State of an object that nothing can find again."""
    absent = previous.probability * 0
    return ObjectFrame(absent, TrackState.LOST, np.zeros(4, dtype=np.float32))


class FlowCarrier:
    """The previous mask warped by the backward flow, frame after frame."""

    def start(self, given: ObjectFrame, frame: UInt8Array) -> ObjectFrame:
        """As given."""
        return given

    def step(
        self, previous: ObjectFrame, frame: UInt8Array, backward: FloatArray | None, _: None
    ) -> ObjectFrame:
        """Warp; without flow the mask stays where it is."""
        if backward is None:
            return previous
        return carried(warp_array(previous.probability, backward))

    def cut(self, previous: ObjectFrame) -> ObjectFrame:
        """Lost: no motion leads from one shot to another."""
        return lost(previous)


class FirstMaskCopy:
    """The first mask, unmoved."""

    def start(self, given: ObjectFrame, frame: UInt8Array) -> ObjectFrame:
        """As given."""
        return given

    def step(
        self, previous: ObjectFrame, frame: UInt8Array, backward: FloatArray | None, _: None
    ) -> ObjectFrame:
        """The mask as it was."""
        return previous

    def cut(self, previous: ObjectFrame) -> ObjectFrame:
        """Lost: the mask belongs to the shot before."""
        return lost(previous)
