"""How many pairs of frames a flow network takes at once, from the memory that they need."""

from typing import Protocol, runtime_checkable

import torch

from maskrnn_core.optical_flow.estimator import FlowEstimator
from maskrnn_core.video import FloatArray, UInt8Array

MOST_PAIRS = 8
"""Pairs in the largest batch; smaller batches are halves of it."""

_CPU_BYTES = 2**30
"""More gains nothing on a CPU, where batches save FlowNet2 3 to 5 % and FlowNet2S up to 20 %."""

_CUDA_SHARE = 0.5
"""Of what is free on a GPU; fragments, and whoever else uses it, take the rest."""


@runtime_checkable
class BatchedFlowEstimator(FlowEstimator, Protocol):
    """An estimator that gains from several pairs at once."""

    def pairs_at_once(self, size: tuple[int, int]) -> int:
        """Pairs of frames of a size (height, width) for one call: `MOST_PAIRS`, or a 2^k-th."""
        ...

    def estimate_neighbours(self, frames: list[UInt8Array]) -> list[tuple[FloatArray, FloatArray]]:
        """`estimate_both` of every two neighbours, as one batch.

        Raises:
            InvalidInputError: as `estimate_both`, or fewer than two frames.
        """
        ...


def affordable_pairs(bytes_per_pair: float, device: torch.device) -> int:
    """The largest batch whose projected memory fits: `MOST_PAIRS`, or a half, quarter, ... of it.

    Args:
        bytes_per_pair: what both directions of a pair need beside the weights.
        device: where the network runs.
    """
    budget = float(_CPU_BYTES)
    if device.type == "cuda":
        # What torch has reserved and does not use is free to it, too.
        spare = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        budget = _CUDA_SHARE * (torch.cuda.mem_get_info(device)[0] + spare)
    pairs = MOST_PAIRS
    while pairs > 1 and pairs * bytes_per_pair > budget:
        pairs //= 2
    return pairs
