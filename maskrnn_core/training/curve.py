"""The curve of a training: what each optimizer step came to."""

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
    """Spent on computing."""
    wait: float = 0.0
    """Seconds spent on waiting for the step's data before that."""


@dataclass(frozen=True)
class TrainedNetwork:
    """Weights under their state_dict names, float32, and the curve that led to them."""

    weights: dict[str, NDArray[np.float32]]
    curve: list[CurvePoint]


OnStep = Callable[[CurvePoint, int], None]
"""Called after an optimizer step, with the number of steps of its stage."""


def total_seconds(curve: Sequence[CurvePoint]) -> float:
    """Of all steps, waiting included; those before an interruption count too."""
    return sum(point.seconds + point.wait for point in curve)


def wait_share(curve: Sequence[CurvePoint]) -> float:
    """Share of the time, in [0, 1], that the optimizer waited for data; 0 without a step."""
    seconds = total_seconds(curve)
    return sum(point.wait for point in curve) / seconds if seconds else 0.0
