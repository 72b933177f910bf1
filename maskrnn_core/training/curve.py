"""The curve of a training: losses, figures, rate and time of each optimizer step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class CurvePoint:
    """One optimizer step."""

    stage: str
    step: int
    loss: float
    learning_rate: float
    seconds: float
    """Seconds of computing."""
    wait: float = 0.0
    """Seconds of waiting for the data of the step, before computing."""
    mask_loss: float | None = None
    """Loss of the segmentation net. None here and below: not measured, or nothing to measure."""
    box_loss: float | None = None
    """Loss of the localization net, before it is weighted."""
    proposal_iou: float | None = None
    """IoU with the object's box before regression: of the proposal."""
    box_iou: float | None = None
    """IoU with the object's box after regression."""
    J: float | None = None
    """Region similarity of the predicted masks with the targets, in the crops of the step."""


@dataclass(frozen=True)
class TrainedNetwork:
    """Weights in float32 by their state_dict names, and the curve of their training."""

    weights: dict[str, NDArray[np.float32]]
    curve: list[CurvePoint]


OnStep = Callable[[CurvePoint, int], None]
"""Called after an optimizer step, with the number of steps of its stage."""


def total_seconds(curve: Sequence[CurvePoint]) -> float:
    """Seconds of all steps, including waiting and the steps before an interruption."""
    return sum(point.seconds + point.wait for point in curve)


def wait_share(curve: Sequence[CurvePoint]) -> float:
    """Share of the time, in [0, 1], that the optimizer waited for data; 0 without steps."""
    seconds = total_seconds(curve)
    return sum(point.wait for point in curve) / seconds if seconds else 0.0
