"""One of two processes that train together."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from maskrnn_core.options import Preset
from maskrnn_core.training.distributed import joined_peers
from maskrnn_core.training.parent import train_parent
from tests.maskrnn_core.conftest import square_video
from tests.maskrnn_core.training.tiny_preset import CPU, RECURRENT, STATIC, TINY


def slow(accumulate: int) -> Preset:
    """Small steps, because Adam turns rounding of nearly zero gradients into large steps."""
    change = {"accumulate": accumulate, "learning_rate": 1e-4, "final_learning_rate": 1e-5}
    static = replace(STATIC, **change)  # type: ignore[arg-type]
    recurrent = replace(RECURRENT, checkpoint_activations=True, **change)  # type: ignore[arg-type]
    return replace(TINY, static=static, recurrent=recurrent)


def train_rank(rank: int, address: str, output: str) -> None:
    """One of two processes; rank 0 keeps the weights and the losses."""
    for accumulate in (2, 4):
        meeting = f"{address}-{accumulate}"
        with joined_peers(rank, 2, torch.device("cpu"), meeting) as peers:
            trained = train_parent([square_video()], slow(accumulate), CPU, peers=peers)
        if rank == 0:
            arrays: dict[str, Any] = dict(trained.weights)
            arrays["losses"] = np.array([point.loss for point in trained.curve])
            np.savez(f"{output}-{accumulate}.npz", **arrays)
