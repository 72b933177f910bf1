"""How many pairs of frames fit into one batch of a flow network, by projected memory."""

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from maskrnn_core.optical_flow.estimator import FlowEstimator
from maskrnn_core.video import FloatArray, UInt8Array

if TYPE_CHECKING:
    import torch

MOST_PAIRS = 8
"""Pairs in the largest batch; smaller batches are a half, a quarter, ... of it."""

_CPU_BYTES = 2**30
"""More gains nothing on a CPU, where batches save FlowNet2 3 to 5 % and FlowNet2S up to 20 %."""

_CUDA_SHARE = 0.5
"""Share of the free memory of a GPU; the rest is for fragmentation and other users."""


@runtime_checkable
class BatchedFlowEstimator(FlowEstimator, Protocol):
    """An estimator that is faster with several pairs at once."""

    def pairs_at_once(self, size: tuple[int, int]) -> int:
        """Number of pairs per call for frames of (height, width): `MOST_PAIRS` / 2^k."""
        ...

    def estimate_neighbours(self, frames: list[UInt8Array]) -> list[tuple[FloatArray, FloatArray]]:
        """`estimate_both` of every two neighbours, as one batch.

        Raises:
            InvalidInputError: as `estimate_both`, or there are fewer than two frames.
        """
        ...


def affordable_pairs(bytes_per_pair: float, device: "torch.device") -> int:
    """The largest batch whose projected memory fits: `MOST_PAIRS`, or a half, quarter, ... of it.

    Args:
        bytes_per_pair: memory for both directions of a pair, without the weights.
        device: where the network runs.
    """
    budget = float(_CPU_BYTES)
    if device.type == "cuda":
        import torch

        # Memory that torch has reserved but does not use is also free.
        spare = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        budget = _CUDA_SHARE * (torch.cuda.mem_get_info(device)[0] + spare)
    pairs = MOST_PAIRS
    while pairs > 1 and pairs * bytes_per_pair > budget:
        pairs //= 2
    return pairs
