"""What is done to a network's answer before it is an object's mask."""

import torch
from torch import Tensor

from maskrnn_core.geometry.boxes import Box
from maskrnn_core.inference.continuity import Window, continuity_box, near_pieces
from maskrnn_core.inference.edges import at_edges
from maskrnn_core.inference.motion import background_evidence
from maskrnn_core.options import InferenceOptions


def moving_evidence(
    backward: Tensor | None,
    mask: Tensor,
    window: Window,
    options: InferenceOptions,
) -> Tensor | None:
    """What the motion of the pixels adds to the log odds of a window.

    Args:
        backward: (1, 2, H, W) backward flow in pixels; None where there is none.
        mask: (H, W), the warped probability.
        window: rows and columns that are asked for.
        options: the weight.
    """
    if options.motion_weight is None or backward is None:
        return None
    flow = backward[0].permute(1, 2, 0).cpu().numpy()
    known = (mask >= options.threshold).cpu().numpy()
    evidence = background_evidence(flow, known, options.motion_weight, window)
    return None if evidence is None else torch.from_numpy(evidence).to(mask.device)


def with_edges(probability: Tensor, frame: Tensor, options: InferenceOptions) -> Tensor:
    """The probability (H, W) at the edges of a frame (3, H, W) in [0, 255], by the options."""
    if options.edge_radius is None:
        return probability
    colours = frame.permute(1, 2, 0).cpu().numpy()
    found = at_edges(probability.cpu().numpy(), colours, options.edge_radius, options.threshold)
    return torch.from_numpy(found).to(probability.device)


def continuing(
    probability: Tensor, mask: Tensor, proposal: Box, options: InferenceOptions
) -> Tensor:
    """The probability (H, W) of what continues the warped mask (H, W) and its box, the proposal."""
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


def gate(probability: Tensor, box: Box) -> Tensor:
    """Probability (H, W) with zero at pixels whose centre lies outside the box (section 3.3)."""
    height, width = probability.shape
    x = torch.arange(width, device=probability.device) + 0.5
    y = torch.arange(height, device=probability.device) + 0.5
    columns = (x >= float(box[0])) & (x < float(box[2]))
    rows = (y >= float(box[1])) & (y < float(box[3]))
    return torch.where(rows[:, None] & columns, probability, torch.zeros_like(probability))
