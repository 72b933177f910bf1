"""One object followed by its network: warp, segment, localize, gate, lose and find again."""

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from maskrnn_core.compute import Compute
from maskrnn_core.geometry.boxes import Box, enlarge_box, mask_box
from maskrnn_core.geometry.boxes import proposal_box as proposal_of
from maskrnn_core.geometry.warping import warp
from maskrnn_core.inference.continuity import confident_component
from maskrnn_core.inference.instances import InstanceGuide
from maskrnn_core.inference.mask_filters import continuing, gate, moving_evidence, with_edges
from maskrnn_core.inference.network_reader import NetworkReader
from maskrnn_core.inference.state import ObjectFrame, TrackState
from maskrnn_core.networks import MaskRNN
from maskrnn_core.options import InferenceOptions

REACQUIRE_AREA = 0.1
"""Smallest area of what counts as the lost object, relative to its area when it was last seen."""

FORGOTTEN = 0.03
"""Share of the remembered area that is forgotten per frame: objects become small by moving away."""
SECOND_LOOK = 2.0
"""Side of the square of a second look, relative to the root of the remembered area."""


class NetworkTracker:
    """Applies one object's finetuned network frame by frame.

    Args:
        network: in evaluation mode, on the device of `compute`.
        options: gate, filters by continuity, threshold, growth of a lost object's box.
        compute: device and precision.
        warp_mask: warp the previous probability; otherwise it is read as it was.
        smallest_side: of finetuning (`FinetuneOptions`), so that both see an object at one size.
        guide: evidence of instances; None for none.
    """

    def __init__(
        self,
        network: MaskRNN,
        options: InferenceOptions,
        compute: Compute,
        *,
        warp_mask: bool,
        smallest_side: float | None = None,
        guide: InstanceGuide | None = None,
    ) -> None:
        self._guide = guide
        self._reader = NetworkReader(network, options, compute, smallest_side)
        self._reads_mask = network.reads_mask
        self._options = options
        self._warp_mask = warp_mask

    def start(self, given: ObjectFrame, frame: Tensor) -> ObjectFrame:
        """The given object, with its categories if instances guide its network."""
        if self._guide is None:
            return given
        mask = given.probability >= self._options.threshold
        return replace(given, categories=self._guide.categories(frame, mask))

    def step(
        self,
        previous: ObjectFrame,
        frame: Tensor,
        backward: Tensor | None,
        magnitudes: Tensor | None,
    ) -> ObjectFrame:
        """Segment the object in the next frame.

        Args:
            previous: the object in the frame before.
            frame: (1, 3, H, W) RGB in [0, 255].
            backward: (1, 2, H, W) backward flow in pixels; None where there is none.
            magnitudes: (1, 2, H, W) in [0, 1]; None for a network without a flow stream.
        """
        mask = previous.probability[None, None]
        if self._warp_mask and backward is not None:
            mask = warp(mask, backward)
        proposal = proposal_of(mask[0, 0].cpu().numpy())
        if proposal is None:
            mask = torch.zeros_like(mask)
        window = self._reader.window(proposal, (mask.shape[2], mask.shape[3]))
        area, searching = self._area(mask[0, 0]), proposal is None
        factor = self._reader.factor(previous, area, searching=searching)
        part = frame[..., *window]
        lengths = None if magnitudes is None else magnitudes[..., *window]
        segmentation = self._reader.read(factor, part, mask[..., *window], lengths)
        logits = segmentation.logits[0, 0]
        if self._reads_mask:
            logits = _sum(logits, moving_evidence(backward, mask[0, 0], window, self._options))
        if self._guide is not None:
            answer = torch.sigmoid(logits) >= self._options.threshold
            told = self._guide.evidence(frame, window, answer, previous.categories)
            logits = _sum(logits, told)
        probability = torch.zeros_like(mask[0, 0])
        probability[window] = with_edges(torch.sigmoid(logits), part[0], self._options)
        if not self._reads_mask:
            return self._unprompted(previous, probability)
        if proposal is None:
            return self._search(previous, probability)
        box = self._reader.localize(segmentation.features, proposal, window)
        if self._options.gate and box is not None:
            size = (probability.shape[0], probability.shape[1])
            probability = gate(probability, enlarge_box(box, self._options.box_scale, size))
        probability = continuing(probability, mask[0, 0], proposal, self._options)
        found = self._tracked(previous, probability, proposal if box is None else box)
        if self._options.second_look is None:
            return found
        remembered = max(found.seen_area, (1 - FORGOTTEN) * previous.seen_area)
        if self._area(probability) < self._options.second_look * remembered:
            found = self._look_again(found, remembered, frame, magnitudes)
        return replace(found, seen_area=max(found.seen_area, remembered))

    def cut(self, previous: ObjectFrame) -> ObjectFrame:
        """Lost, to be searched in the whole frame; how large it was is still known."""
        height, width = previous.probability.shape
        everywhere = np.array([0, 0, width, height], dtype=np.float32)
        return _lost(previous, everywhere)

    def _look_again(
        self,
        found: ObjectFrame,
        remembered: float,
        frame: Tensor,
        magnitudes: Tensor | None,
    ) -> ObjectFrame:
        """What was found, and what the network finds around it without the mask.

        An object of which next to nothing is left is lost; it is searched from the next frame on.
        """
        around = self._surroundings(found, remembered)
        nothing = torch.zeros_like(found.probability)
        known = replace(found, seen_area=remembered)
        factor = self._reader.factor(known, self._area(found.probability), searching=True)
        logits = self._reader.read(factor, frame, nothing[None, None], magnitudes).logits
        gated = gate(torch.sigmoid(logits[0, 0]), around).cpu().numpy()
        least = REACQUIRE_AREA * remembered
        seen = confident_component(gated, self._options.threshold, least)
        if seen is not None:
            more = torch.from_numpy(gated * seen).to(nothing.device)
            return self._tracked(found, torch.maximum(found.probability, more), found.box)
        if self._area(found.probability) < least:
            return _lost(known, around)
        return found

    def _surroundings(self, found: ObjectFrame, remembered: float) -> Box:
        """Box in which an object of a remembered area may be: a square around its own box."""
        height, width = found.probability.shape
        centre = (found.box[:2] + found.box[2:]) / 2
        reach = SECOND_LOOK * math.sqrt(remembered) / 2
        low = np.minimum(found.box[:2], centre - reach)
        high = np.maximum(found.box[2:], centre + reach)
        return enlarge_box(np.concatenate((low, high)).astype(np.float32), 1.0, (height, width))

    def _area(self, probability: Tensor) -> float:
        return float((probability >= self._options.threshold).sum())

    def _tracked(self, previous: ObjectFrame, probability: Tensor, box: Box) -> ObjectFrame:
        area = self._area(probability) or previous.seen_area
        return replace(
            previous, probability=probability, state=TrackState.TRACKED, box=box, seen_area=area
        )

    def _unprompted(self, previous: ObjectFrame, probability: Tensor) -> ObjectFrame:
        """A net that reads no mask cannot lose it."""
        box = mask_box((probability >= self._options.threshold).cpu().numpy())
        return self._tracked(previous, probability, np.zeros(4, np.float32) if box is None else box)

    def _search(self, previous: ObjectFrame, probability: Tensor) -> ObjectFrame:
        """Look for a lost object in its last box, grown once more."""
        size = (probability.shape[0], probability.shape[1])
        box = enlarge_box(previous.box, self._options.lost_growth, size)
        gated = gate(probability, box).cpu().numpy()
        found = confident_component(
            gated, self._options.threshold, REACQUIRE_AREA * previous.seen_area
        )
        if found is None:
            return _lost(previous, box)
        kept = torch.from_numpy(gated * found).to(probability.device)
        found_box = mask_box(found)
        return self._tracked(previous, kept, box if found_box is None else found_box)


def _sum(logits: Tensor, evidence: Tensor | None) -> Tensor:
    return logits if evidence is None else logits + evidence


def _lost(known: ObjectFrame, box: Box) -> ObjectFrame:
    """An object that is to be searched in a box."""
    nothing = torch.zeros_like(known.probability)
    return replace(known, probability=nothing, state=TrackState.LOST, box=box)
