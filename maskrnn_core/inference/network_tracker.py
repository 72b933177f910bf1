"""One object followed by its network: warp, segment, localize, gate, lose and find again."""

import math
from dataclasses import replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from maskrnn_core.compute import Compute
from maskrnn_core.geometry.boxes import Box, clip_box, decode_box, enlarge_box, mask_box
from maskrnn_core.geometry.boxes import proposal_box as proposal_of
from maskrnn_core.geometry.warping import warp
from maskrnn_core.inference.continuity import continuity_box, near_pieces, window_of
from maskrnn_core.inference.edges import at_edges
from maskrnn_core.inference.motion import background_evidence
from maskrnn_core.inference.state import ObjectFrame, TrackState
from maskrnn_core.networks import MaskRNN, Segmentation
from maskrnn_core.options import InferenceOptions

REACQUIRE_PROBABILITY = 0.8
"""Mean probability that a component must have to count as the lost object."""
REACQUIRE_AREA = 0.1
"""Its smallest area, relative to the object's when it was last seen."""

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
    """

    def __init__(
        self, network: MaskRNN, options: InferenceOptions, compute: Compute, *, warp_mask: bool
    ) -> None:
        self._network = network
        self._options = options
        self._compute = compute
        self._warp_mask = warp_mask

    def step(
        self, previous: ObjectFrame, frame: Tensor, backward: Tensor | None, magnitudes: Tensor
    ) -> ObjectFrame:
        """Segment the object in the next frame.

        Args:
            previous: the object in the frame before.
            frame: (1, 3, H, W) RGB in [0, 255].
            backward: (1, 2, H, W) backward flow in pixels; None where there is none.
            magnitudes: (1, 2, H, W) in [0, 1].
        """
        mask = previous.probability[None, None]
        if self._warp_mask and backward is not None:
            mask = warp(mask, backward)
        proposal = proposal_of(mask[0, 0].cpu().numpy())
        if proposal is None:
            mask = torch.zeros_like(mask)
        rows, columns = self._window(proposal, (mask.shape[2], mask.shape[3]))
        factor = self._factor(previous, mask[0, 0])
        parts = (part[..., rows, columns] for part in (frame, mask, magnitudes))
        segmentation = self._segment_at(factor if proposal is not None else min(factor, 1), *parts)
        logits = segmentation.logits[0, 0]
        if (evidence := self._evidence(backward, mask[0, 0], (rows, columns))) is not None:
            logits = logits + evidence
        probability = torch.zeros_like(mask[0, 0])
        probability[rows, columns] = self._at_edges(
            torch.sigmoid(logits), frame[0, :, rows, columns]
        )
        if not self._network.reads_mask:
            return self._unprompted(previous, probability)
        if proposal is None:
            return self._search(previous, probability)
        corner = np.array([columns.start, rows.start] * 2, dtype=np.float32)
        box = self._localize(segmentation.features, proposal - corner)
        box = None if box is None else (box + corner).astype(np.float32)
        if self._options.gate and box is not None:
            size = (probability.shape[0], probability.shape[1])
            probability = gate(probability, enlarge_box(box, self._options.box_scale, size))
        probability = self._continuing(probability, mask[0, 0], proposal)
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

    def _factor(self, known: ObjectFrame, mask: Tensor) -> float:
        """By how much to resize what the network reads, for an object with a mask (H, W)."""
        wanted, given_area = self._options.scale_range, known.given_area
        if wanted is None or not given_area or self._network.localization is not None:
            return 1.0
        area = max(self._area(mask), known.seen_area)
        if not area:
            return 1.0
        scale = math.sqrt(area / given_area)
        return min(max(scale, wanted[0]), wanted[1]) / scale

    def _segment_at(self, factor: float, *parts: Tensor) -> Segmentation:
        """What the network says of parts (1, C, H, W), which it reads resized by a factor."""
        if factor == 1:
            return self._segment(*parts)
        height, width = parts[0].shape[-2:]
        size = [max(round(side * factor), 1) for side in (height, width)]
        smaller = (interpolate(p, size, mode="bilinear", antialias=True) for p in parts)
        segmentation = self._segment(*smaller)
        logits = interpolate(segmentation.logits, (height, width), mode="bilinear")
        return segmentation._replace(logits=logits)

    def _segment(self, *parts: Tensor) -> Segmentation:
        """What the network says of frame, mask and magnitudes (1, C, H, W), by the options."""
        with self._compute.autocast():
            segmentation: Segmentation = self._network(*parts)
            if not self._options.flip:
                return segmentation
            mirrored: Segmentation = self._network(*(part.flip(-1) for part in parts))
        logits = (segmentation.logits + mirrored.logits.flip(-1)) / 2
        return segmentation._replace(logits=logits)

    def _look_again(
        self,
        found: ObjectFrame,
        remembered: float,
        frame: Tensor,
        magnitudes: Tensor,
    ) -> ObjectFrame:
        """What was found, and what the network finds around it without the mask.

        An object of which next to nothing is left is lost; it is searched from the next frame on.
        """
        around = self._surroundings(found, remembered)
        nothing = torch.zeros_like(found.probability)
        known = replace(found, seen_area=remembered)
        factor = min(self._factor(known, found.probability), 1)
        logits = self._segment_at(factor, frame, nothing[None, None], magnitudes).logits
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

    def _evidence(
        self, backward: Tensor | None, mask: Tensor, window: tuple[slice, slice]
    ) -> Tensor | None:
        """What the motion of the pixels adds to the log odds of a window, by the options."""
        weight = self._options.motion_weight
        if weight is None or backward is None or not self._network.reads_mask:
            return None
        flow = backward[0].permute(1, 2, 0).cpu().numpy()
        known = (mask >= self._options.threshold).cpu().numpy()
        evidence = background_evidence(flow, known, weight, window)
        return None if evidence is None else torch.from_numpy(evidence).to(mask.device)

    def _at_edges(self, probability: Tensor, frame: Tensor) -> Tensor:
        """The probability (H, W) at the edges of a frame (3, H, W), by the options."""
        radius = self._options.edge_radius
        if radius is None:
            return probability
        colours = frame.permute(1, 2, 0).cpu().numpy()
        found = at_edges(probability.cpu().numpy(), colours, radius, self._options.threshold)
        return torch.from_numpy(found).to(probability.device)

    def _continuing(self, probability: Tensor, mask: Tensor, proposal: Box) -> Tensor:
        """The probability (H, W) of what continues the warped mask (H, W), by the options."""
        options = self._options
        if options.mask_box_scale is not None:
            size = (probability.shape[0], probability.shape[1])
            box = continuity_box(proposal, options.mask_box_scale, size)
            probability = gate(probability, box)
        if options.piece_reach is not None:
            kept = near_pieces(
                probability.cpu().numpy(),
                (mask >= options.threshold).cpu().numpy(),
                options.threshold,
                options.piece_reach,
            )
            probability = torch.from_numpy(kept).to(probability.device)
        return probability

    def _window(self, proposal: Box | None, size: tuple[int, int]) -> tuple[slice, slice]:
        """Rows and columns of the frame that the network reads."""
        margin, scale = self._options.window_margin, self._options.mask_box_scale
        if proposal is None or margin is None or scale is None:
            return slice(0, size[0]), slice(0, size[1])
        return window_of(continuity_box(proposal, scale, size), margin, size)

    def _localize(self, features: Tensor, proposal: Box) -> Box | None:
        """The regressed box, or None without a localization net or where it leaves what was read;
        both boxes relative to that."""
        if self._network.localization is None:
            return None
        proposals = torch.from_numpy(proposal)[None].to(features.device)
        with self._compute.autocast():
            deltas = self._network.localization(features, proposals)
        box = decode_box(proposal, deltas[0].cpu().numpy())
        stride = self._network.localization.region.stride
        height, width = (stride * side for side in features.shape[-2:])
        inside = clip_box(box, (height, width))
        return box if inside[2] - inside[0] >= 1 and inside[3] - inside[1] >= 1 else None

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


def _lost(known: ObjectFrame, box: Box) -> ObjectFrame:
    """An object that is to be searched in a box."""
    nothing = torch.zeros_like(known.probability)
    return replace(known, probability=nothing, state=TrackState.LOST, box=box)


def gate(probability: Tensor, box: Box) -> Tensor:
    """Probability (H, W) with zero at pixels whose centre lies outside the box (section 3.3)."""
    height, width = probability.shape
    x = torch.arange(width, device=probability.device) + 0.5
    y = torch.arange(height, device=probability.device) + 0.5
    columns = (x >= float(box[0])) & (x < float(box[2]))
    rows = (y >= float(box[1])) & (y < float(box[3]))
    return torch.where(rows[:, None] & columns, probability, torch.zeros_like(probability))


def confident_component(
    probability: NDArray[np.float32], threshold: float, smallest: float
) -> NDArray[np.bool_] | None:
    """The largest component of mean probability 0.8 or more, or None.

    Args:
        probability: (H, W) in [0, 1].
        threshold: pixels at or above it form the components.
        smallest: area below which a component does not count, in pixels.
    """
    mask = (probability >= threshold).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    for index in sorted(range(1, count), key=lambda i: -int(stats[i, cv2.CC_STAT_AREA])):
        component: NDArray[np.bool_] = labels == index
        if stats[index, cv2.CC_STAT_AREA] < max(smallest, 1):
            return None
        if float(probability[component].mean()) >= REACQUIRE_PROBABILITY:
            return component
    return None
