"""Training in several processes that share the batches of each step."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from maskrnn_core.errors import InvalidInputError

_PATIENCE = timedelta(minutes=30)
"""Longer than reading a batch or saving a state ever takes."""


@dataclass(frozen=True)
class Peers:
    """The place of this process among the processes of a training.

    Batches are numbered through all steps. A process takes every `count`-th batch from `rank` on.
    """

    rank: int = 0
    count: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def share(self, options: str, accumulate: int) -> int:
        """Number of batches of a step that this process takes.

        Raises:
            InvalidInputError: the batches cannot be shared evenly.
        """
        if accumulate % self.count:
            raise InvalidInputError(
                f"{self.count} processes cannot share the {accumulate} batches of a step; set "
                f"{options}.accumulate to a multiple of {self.count}"
            )
        return accumulate // self.count

    def joined(self, module: nn.Module) -> nn.Module:
        """Wrap the module, so that each backward pass averages its gradients over all processes."""
        if self.count == 1:
            return module
        return DistributedDataParallel(module)

    def apart(self, module: nn.Module) -> AbstractContextManager[Any]:
        """Context in which the gradients of a joined module stay in this process."""
        return module.no_sync() if isinstance(module, DistributedDataParallel) else nullcontext()

    def mean(self, value: float) -> float:
        """Mean of a number over all processes; all of them must call this."""
        return self.means([value])[0]

    def means(self, values: Sequence[float]) -> list[float]:
        """Mean of each number over all processes; all of them must call this."""
        if self.count == 1:
            return list(values)
        totals = torch.tensor(values, dtype=torch.float64, device=self.device)
        distributed.all_reduce(totals)
        return [float(total) / self.count for total in totals.cpu()]

    def agree_on(self, step: int) -> None:
        """Check that all processes start at the same step.

        Raises:
            InvalidInputError: the processes read different saved states.
        """
        if self.mean(step) != step or self.mean(step**2) != step**2:
            raise InvalidInputError(
                f"the processes of one training start at different steps (this one at {step}): "
                "another run trains the same parent; let it finish, then run again"
            )


ALONE = Peers()


@contextmanager
def joined_peers(rank: int, count: int, device: torch.device, address: str) -> Iterator[Peers]:
    """Join the other processes, and leave the group at the end.

    Args:
        rank: rank of this process, in [0, count).
        count: number of processes.
        device: device of this process; CUDA devices communicate by NCCL, CPUs by Gloo.
        address: torch's `init_method`, the same for all processes.
    """
    backend = "nccl" if device.type == "cuda" else "gloo"
    distributed.init_process_group(
        backend, init_method=address, rank=rank, world_size=count, timeout=_PATIENCE
    )
    try:
        yield Peers(rank, count, device)
    finally:
        distributed.destroy_process_group()
