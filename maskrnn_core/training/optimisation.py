"""The training loop of all stages: batches made ahead, decaying rate, a stop on NaN."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import numpy as np
import torch
from torch import nn

from maskrnn_core.errors import TrainingDivergedError
from maskrnn_core.prefetch import prefetch_map
from maskrnn_core.training.curve import CurvePoint
from maskrnn_core.training.distributed import ALONE, Peers
from maskrnn_core.training.losses import BatchLoss
from maskrnn_core.training.muon import Muon
from maskrnn_core.training.recorder import Recorder

Batch = TypeVar("Batch")


COARSE_SIDE = 0.5
"""Of the small frames that a stage may begin with, relative to the frame's."""


@dataclass(frozen=True)
class Schedule:
    """Polynomial decay from `initial` to `final` over the pixels that `steps` steps see.

    The first `coarse` steps see small frames, and so take a smaller part of the decay.
    """

    steps: int
    initial: float
    final: float
    power: float
    coarse: int = 0

    def side(self, step: int) -> float:
        """Side of the frames that a step sees, relative to the frame's."""
        return COARSE_SIDE if step < self.coarse else 1.0

    def rate(self, step: int) -> float:
        """Learning rate of a step in [0, steps)."""
        left = math.pow(1 - self._seen(step) / self._seen(self.steps), self.power)
        return self.final + (self.initial - self.final) * left

    def _seen(self, steps: int) -> float:
        """Pixels that so many steps see, in steps with whole frames."""
        small = min(steps, self.coarse)
        return small * COARSE_SIDE**2 + steps - small


@dataclass(frozen=True)
class Objective(Generic[Batch]):
    """The loss of a stage, and its batches."""

    stage: str
    schedule: Schedule
    make_batch: Callable[[int], Batch]
    """Makes the batch of an index. It must return the same batch for every call, because it runs in
    threads and again after an interruption. Step s uses the batches from s * accumulate on."""
    loss_of: Callable[[Batch], BatchLoss]
    """Loss and figures of a batch."""
    describe: Callable[[Batch], str]
    """Describes the content of a batch, for messages."""
    accumulate: int = 1
    """Number of batches of one step; the step minimises their mean loss."""
    optimizer: Literal["adam", "muon"] = "adam"
    options: str = ""
    """Group of the options that the stage follows, where it is not called as the stage."""


def optimise(
    network: nn.Module,
    objective: Objective[Batch],
    recorder: Recorder,
    *,
    peers: Peers = ALONE,
    reading_threads: int = 1,
    is_enough: Callable[[Sequence[CurvePoint]], bool] = lambda _: False,
) -> None:
    """Take the remaining steps, on all parameters that require gradients.

    Args:
        network: trained in place.
        objective: loss and batches of the stage.
        recorder: knows the steps before an interruption, and records the others.
        peers: the processes that share the batches of a step.
        reading_threads: number of threads that make batches.
        is_enough: called with the curve after each step; True ends the stage early.

    Raises:
        TrainingDivergedError: a loss is not finite; the message describes the batch.
        InvalidInputError: the processes cannot share the batches.
    """
    schedule = objective.schedule
    share = peers.share(objective.options or objective.stage, objective.accumulate)
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = _OPTIMIZERS[objective.optimizer](trained, schedule.initial)
    first = recorder.begin(objective.stage, optimizer)
    peers.agree_on(first)
    loss_of = peers.joined(_Loss(network, objective.loss_of))

    def make(index: int) -> Batch:
        return objective.make_batch(index * peers.count + peers.rank)

    indices = range(first * share, schedule.steps * share)
    with prefetch_map(make, indices, reading_threads) as batches:
        for step in range(first, schedule.steps):
            rate = schedule.rate(step)
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad(set_to_none=True)
            waited, started = 0.0, time.perf_counter()
            measured: list[dict[str, float]] = []
            for index in range(share):
                asked = time.perf_counter()
                batch = next(batches)
                waited += time.perf_counter() - asked
                last = index == share - 1
                with nullcontext() if last else peers.apart(loss_of):
                    measured.append(_descend(objective, step, loss_of(batch), batch, share))
            optimizer.step()
            figures = _means(measured, peers)
            spent = time.perf_counter() - started - waited
            point = CurvePoint(
                objective.stage,
                step,
                figures["loss"],
                rate,
                spent,
                waited,
                mask_loss=figures.get("mask_loss"),
                box_loss=figures.get("box_loss"),
                proposal_iou=figures.get("proposal_iou"),
                box_iou=figures.get("box_iou"),
                J=figures.get("J"),
            )
            recorder.add(point, objective.schedule.steps, optimizer)
            if is_enough(recorder.curve):
                break


_OPTIMIZERS = {
    "adam": lambda parameters, rate: torch.optim.Adam(parameters, lr=rate, fused=True),
    "muon": Muon,
}


class _Loss(nn.Module, Generic[Batch]):
    """The loss of a network as a module, because DistributedDataParallel wraps modules."""

    def __init__(self, network: nn.Module, loss_of: Callable[[Batch], BatchLoss]) -> None:
        super().__init__()
        self.network = network
        self._loss_of = loss_of

    def forward(self, batch: Batch) -> BatchLoss:
        return self._loss_of(batch)


def _descend(
    objective: Objective[Batch], step: int, loss: BatchLoss, batch: Batch, share: int
) -> dict[str, float]:
    """Add the gradient of one of `share` batches of a step; return the figures of the batch."""
    scalars = {"loss": loss.total, **loss.figures}
    found = {name: float(scalar.detach()) for name, scalar in scalars.items()}
    value = found["loss"]
    if not math.isfinite(value):
        raise TrainingDivergedError(
            f"{objective.stage}, step {step}: the loss is {value} on {objective.describe(batch)}; "
            "check that sample or lower the learning rate"
        )
    (loss.total / share).backward()  # type: ignore[no-untyped-call]
    return found


def _means(measured: Sequence[Mapping[str, float]], peers: Peers) -> dict[str, float]:
    """Mean of each figure over the batches of all processes that could measure it.

    Figures that no batch could measure are left out.
    """
    names = sorted(measured[0])
    known = np.array([[figures[name] for name in names] for figures in measured])
    counts = np.isfinite(known).sum(axis=0)
    totals = np.nansum(known, axis=0)
    together = peers.means([*totals, *counts])
    return {
        name: total / count
        for name, total, count in zip(
            names, together[: len(names)], together[len(names) :], strict=True
        )
        if count
    }


@contextmanager
def frozen(*modules: nn.Module | None) -> Iterator[None]:
    """Context in which the parameters of the modules require no gradient."""
    parameters = [p for module in modules if module is not None for p in module.parameters()]
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)
