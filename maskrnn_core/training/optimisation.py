"""The loop that all stages share: batches made ahead, Adam, decayed rate, a stop on NaN."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from maskrnn_core.errors import TrainingDivergedError
from maskrnn_core.prefetch import ahead
from maskrnn_core.training.curve import CurvePoint
from maskrnn_core.training.distributed import ALONE, Peers
from maskrnn_core.training.recorder import Recorder

Batch = TypeVar("Batch")


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


@dataclass(frozen=True)
class Objective(Generic[Batch]):
    """What a stage minimises, and on what."""

    stage: str
    schedule: Schedule
    make_batch: Callable[[int], Batch]
    """The batch of an index; the same whenever it is called, for it is called in threads and again
    after an interruption. Step s takes the batches from s * accumulate on."""
    loss_of: Callable[[Batch], Tensor]
    """Scalar."""
    describe: Callable[[Batch], str]
    """What a batch was made of, for messages."""
    accumulate: int = 1
    """Batches of one step; their mean loss counts."""


def optimise(
    network: nn.Module,
    objective: Objective[Batch],
    recorder: Recorder,
    *,
    peers: Peers = ALONE,
    reading_threads: int = 1,
    is_enough: Callable[[Sequence[CurvePoint]], bool] = lambda _: False,
) -> None:
    """Take the steps that are left, with Adam, on all parameters that take gradients.

    Args:
        network: trained in place.
        objective: of the stage.
        recorder: knows the steps that were taken before an interruption, and gets the others.
        peers: the processes that share the batches of a step.
        reading_threads: that make batches.
        is_enough: asked with the curve after each step; true ends the stage early.

    Raises:
        TrainingDivergedError: a loss that is not finite, with what the batch was made of.
        InvalidInputError: batches that the processes cannot share.
    """
    schedule, share = objective.schedule, peers.share(objective.stage, objective.accumulate)
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=schedule.initial)
    first = recorder.begin(objective.stage, optimizer)
    peers.agree_on(first)
    loss_of = peers.joined(_Loss(network, objective.loss_of))

    def make(index: int) -> Batch:
        return objective.make_batch(index * peers.count + peers.rank)

    made = ahead(make, schedule.steps * share, first * share, reading_threads)
    with closing(made) as batches:
        for step in range(first, schedule.steps):
            rate = schedule.rate(step)
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad(set_to_none=True)
            waited, started, losses = 0.0, time.perf_counter(), []
            for index in range(share):
                asked = time.perf_counter()
                batch = next(batches)
                waited += time.perf_counter() - asked
                last = index == share - 1
                with nullcontext() if last else peers.apart(loss_of):
                    losses.append(_descend(objective, step, loss_of(batch), batch, share))
            optimizer.step()
            loss = peers.mean(sum(losses) / share)
            spent = time.perf_counter() - started - waited
            point = CurvePoint(objective.stage, step, loss, rate, spent, waited)
            recorder.add(point, objective.schedule.steps, optimizer)
            if is_enough(recorder.curve):
                break


class _Loss(nn.Module, Generic[Batch]):
    """A network's loss as a module of its own, for whoever joins modules of several processes."""

    def __init__(self, network: nn.Module, loss_of: Callable[[Batch], Tensor]) -> None:
        super().__init__()
        self.network = network
        self._loss_of = loss_of

    def forward(self, batch: Batch) -> Tensor:
        return self._loss_of(batch)


def _descend(
    objective: Objective[Batch], step: int, loss: Tensor, batch: Batch, share: int
) -> float:
    """Add the gradient of one of `share` batches of a step; returns the batch's loss."""
    value = float(loss.detach())
    if not math.isfinite(value):
        raise TrainingDivergedError(
            f"{objective.stage}, step {step}: the loss is {value} on {objective.describe(batch)}; "
            "check that sample or lower the learning rate"
        )
    (loss / share).backward()  # type: ignore[no-untyped-call]
    return value


@contextmanager
def frozen(*modules: nn.Module | None) -> Iterator[None]:
    """Within the block the modules' parameters take no gradient, and none is computed."""
    parameters = [p for module in modules if module is not None for p in module.parameters()]
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)
