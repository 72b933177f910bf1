"""Several processes on one training: they share the batches of each step."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from maskrnn_core.errors import InvalidInputError

_PATIENCE = timedelta(minutes=30)
"""Longer than reading a batch, or saving a state, may ever take."""


@dataclass(frozen=True)
class Peers:
    """Which of the processes of a training this is.

    Of the batches of a step, which are numbered through all steps, a process takes every
    `count`-th from `rank` on.
    """

    rank: int = 0
    count: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def share(self, stage: str, accumulate: int) -> int:
        """Batches of a step that this process takes.

        Raises:
            InvalidInputError: they cannot be shared evenly.
        """
        if accumulate % self.count:
            raise InvalidInputError(
                f"{self.count} processes cannot share the {accumulate} batches of a step; set "
                f"{stage}.accumulate to a multiple of {self.count}"
            )
        return accumulate // self.count

    def joined(self, module: nn.Module) -> nn.Module:
        """The module with its gradients averaged over all processes in each backward pass."""
        if self.count == 1:
            return module
        return DistributedDataParallel(module, broadcast_buffers=False)

    def apart(self, module: nn.Module) -> AbstractContextManager[Any]:
        """Within the block the gradients of a joined module stay in this process."""
        return module.no_sync() if isinstance(module, DistributedDataParallel) else nullcontext()

    def mean(self, value: float) -> float:
        """Mean of a number over all processes, which all ask for it."""
        if self.count == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64, device=self.device)
        distributed.all_reduce(total)
        return float(total) / self.count

    def agree_on(self, step: int) -> None:
        """Make sure that all processes begin at one step.

        Raises:
            InvalidInputError: they read different saved states.
        """
        if self.mean(step) != step or self.mean(step**2) != step**2:
            raise InvalidInputError(
                f"the processes of one training begin at different steps (this one at {step}): "
                "another run trains the same; let it finish, and run again"
            )


ALONE = Peers()


@contextmanager
def joined_peers(rank: int, count: int, device: torch.device, address: str) -> Iterator[Peers]:
    """Meet the other processes, and part at the end.

    Args:
        rank: of this process, in [0, count).
        count: processes.
        device: of this process; CUDA devices talk by NCCL, CPUs by Gloo.
        address: where all meet, as torch's `init_method`.
    """
    backend = "nccl" if device.type == "cuda" else "gloo"
    distributed.init_process_group(
        backend, init_method=address, rank=rank, world_size=count, timeout=_PATIENCE
    )
    try:
        yield Peers(rank, count, device)
    finally:
        distributed.destroy_process_group()
