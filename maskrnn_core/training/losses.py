"""Losses of the segmentation net and the localization net, and figures beside them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from maskrnn_core.geometry.boxes import box_iou, decode_box
from maskrnn_core.video import VOID


@dataclass(frozen=True)
class BatchLoss:
    """The loss of a batch, and what else is recorded of it."""

    total: Tensor
    """Scalar; training minimises it."""
    figures: Mapping[str, Tensor] = field(default_factory=dict)
    """Scalars without gradient, by the names of `CurvePoint`'s fields; NaN: nothing to measure."""


def mask_loss(
    logits: Tensor, target: Tensor, balance: Literal["classes", "none"], hardest: float = 1.0
) -> Tensor:
    """Binary cross entropy, mean over the valid pixels of each image, then over images.

    Args:
        logits: (N, 1, H, W).
        target: (N, 1, H, W) uint8: 1 object, 0 background, 255 void.
        balance: "classes" weighs each pixel by the share of the other class (OSVOS, 2017,
            equation 1, the paper's choice). "none" uses no weights. Images of one class never use
            weights: their balanced loss would be zero, and the net would never learn that an
            object is gone, or fills the frame.
        hardest: share of each image's valid pixels that count, those of the largest weighted loss
            (online bootstrapping, as in OnAVOS, 2017); 1 counts all.

    Returns:
        Scalar, float32.
    """
    valid = (target != VOID).float()
    positive = (target == 1).float()
    loss = functional.binary_cross_entropy_with_logits(logits.float(), positive, reduction="none")
    count = valid.sum(dim=(1, 2, 3), keepdim=True).clamp(min=1)
    weight = valid
    if balance == "classes":
        share = positive.sum(dim=(1, 2, 3), keepdim=True) / count
        balanced = valid * (positive * (1 - share) + (1 - positive) * share)
        weight = torch.where((share > 0) & (share < 1), balanced, valid)
    weighted = loss * weight
    if hardest < 1:
        return torch.stack(
            [_hardest_mean(*pair, hardest) for pair in zip(weighted, count, strict=True)]
        ).mean()
    return (weighted.sum(dim=(1, 2, 3)) / count.flatten()).mean()


def _hardest_mean(losses: Tensor, count: Tensor, share: float) -> Tensor:
    """Mean of the largest losses of an image, a share of its `count` valid pixels."""
    kept = max(1, round(share * float(count)))
    return losses.flatten().topk(kept).values.sum() / kept


def box_loss(deltas: Tensor, targets: Tensor, valid: Tensor) -> Tensor:
    """Smooth L1 on normalised box deltas: sum over the four, mean over rows (Fast R-CNN, 2015).

    Args:
        deltas: (N, 4), predicted.
        targets: (N, 4).
        valid: (N,) boolean, rows whose proposal overlaps the object enough. The other rows have
            loss 0 and count in the mean, so that the batching of rows does not change the loss.

    Returns:
        Scalar.
    """
    loss = functional.smooth_l1_loss(deltas, targets, reduction="none").sum(dim=1)
    return (loss * valid.float()).mean()


@torch.no_grad()
def mask_similarity(logits: Tensor, target: Tensor) -> Tensor:
    """Region similarity J of the predicted masks, mean over images; void pixels do not count.

    Args:
        logits: (N, 1, H, W).
        target: (N, 1, H, W) uint8: 1 object, 0 background, 255 void.

    Returns:
        Scalar, float32. J of an image is 1 if neither mask has a pixel.
    """
    predicted, positive = (logits > 0) & (target != VOID), target == 1
    union = (predicted | positive).sum(dim=(1, 2, 3))
    intersection = (predicted & positive).sum(dim=(1, 2, 3))
    return torch.where(union > 0, intersection / union.clamp(min=1), 1.0).mean()


@torch.no_grad()
def box_ious(
    proposals: Tensor, deltas: Tensor, targets: Tensor, valid: Tensor
) -> tuple[Tensor, Tensor]:
    """Mean IoU with the object's box, of the proposals and of the boxes after regression.

    Args:
        proposals: (N, 4), xyxy in pixels, on the CPU.
        deltas: (N, 4), predicted, on any device.
        targets: (N, 4), deltas from the proposals to the object's boxes, on the CPU.
        valid: (N,) boolean, the rows that count, on the CPU.

    Returns:
        Two scalars, float32 on the CPU; NaN if no row counts.
    """
    rows = np.flatnonzero(valid.numpy())
    predicted = deltas.float().cpu().numpy()
    before, after = [], []
    for row in rows:
        proposal = proposals[row].numpy()
        box = decode_box(proposal, targets[row].numpy())
        before.append(box_iou(proposal, box))
        after.append(box_iou(decode_box(proposal, predicted[row]), box))
    if not before:
        return torch.tensor(float("nan")), torch.tensor(float("nan"))
    return torch.tensor(before).mean(), torch.tensor(after).mean()
