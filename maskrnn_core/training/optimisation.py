"""The loop that all stages share: batches made ahead, Adam, decayed rate, a stop on NaN."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from maskrnn_core.errors import TrainingDivergedError
from maskrnn_core.prefetch import ahead

Batch = TypeVar("Batch")


@dataclass(frozen=True)
class CurvePoint:
    """One optimizer step."""

    stage: str
    step: int
    loss: float
    learning_rate: float
    seconds: float


@dataclass(frozen=True)
class TrainedNetwork:
    """Weights under their state_dict names, float32, and the curve that led to them."""

    weights: dict[str, NDArray[np.float32]]
    curve: list[CurvePoint]


OnStep = Callable[[CurvePoint], None]


@dataclass(frozen=True)
class Schedule:
    """Polynomial decay from `initial` to `final` over `steps`."""

    steps: int
    initial: float
    final: float
    power: float

    def rate(self, step: int) -> float:
        """Learning rate of a step in [0, steps)."""
        left = math.pow(1 - step / self.steps, self.power)
        return self.final + (self.initial - self.final) * left


def optimise(
    stage: str,
    parameters: Iterable[torch.nn.Parameter],
    schedule: Schedule,
    make_batch: Callable[[int], Batch],
    loss_of: Callable[[Batch], Tensor],
    describe: Callable[[Batch], str],
    on_step: OnStep | None,
) -> list[CurvePoint]:
    """Run Adam for `schedule.steps` steps.

    Raises:
        TrainingDivergedError: a loss that is not finite, with what the batch was made of.
    """
    optimizer = torch.optim.Adam(list(parameters), lr=schedule.initial)
    curve = []
    for step, batch in enumerate(ahead(make_batch, schedule.steps)):
        start = time.perf_counter()
        rate = schedule.rate(step)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(batch)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingDivergedError(
                f"{stage}, step {step}: the loss is {value} on {describe(batch)}; "
                "check that sample or lower the learning rate"
            )
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        point = CurvePoint(stage, step, value, rate, time.perf_counter() - start)
        curve.append(point)
        if on_step is not None:
            on_step(point)
    return curve
