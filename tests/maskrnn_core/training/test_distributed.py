"""Two processes that share the batches of a step give the same weights as one process."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.options import Preset
from maskrnn_core.training.distributed import Peers, joined_peers
from maskrnn_core.training.parent import train_parent
from tests.maskrnn_core.conftest import square_video
from tests.maskrnn_core.training.test_recorder import CPU, RECURRENT, STATIC, TINY

ROOT = Path(__file__).resolve().parents[3]


def slow(accumulate: int) -> Preset:
    """Small steps, because Adam turns rounding of nearly zero gradients into large steps."""
    change = {"accumulate": accumulate, "learning_rate": 1e-4, "final_learning_rate": 1e-5}
    static = replace(STATIC, **change)  # type: ignore[arg-type]
    recurrent = replace(RECURRENT, checkpoint_activations=True, **change)  # type: ignore[arg-type]
    return replace(TINY, static=static, recurrent=recurrent)


_RANK = """
import sys
from tests.maskrnn_core.training.test_distributed import train_rank

train_rank(int(sys.argv[1]), *sys.argv[2:])
"""


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


@pytest.mark.timeout(240)
def test_two_processes_train_what_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo0" if sys.platform == "darwin" else "lo")
    address, output = (tmp_path / "meeting").as_uri(), str(tmp_path / "weights")
    ranks = [
        subprocess.Popen(
            [sys.executable, "-c", _RANK, str(rank), address, output],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    for process in ranks:
        _, problems = process.communicate(timeout=200)
        assert process.returncode == 0, problems
    # Halves add up exactly, quarters in another order do not.
    for accumulate, tolerance in ((2, 1e-6), (4, 2e-5)):
        alone = train_parent([square_video()], slow(accumulate), CPU)
        with np.load(f"{output}-{accumulate}.npz") as found:
            losses = [point.loss for point in alone.curve]
            assert losses == pytest.approx(found["losses"], abs=tolerance)
            for name, value in alone.weights.items():  # which moved by 4e-4
                np.testing.assert_allclose(value, found[name], rtol=0, atol=tolerance)


def test_batches_are_shared_evenly() -> None:
    assert Peers(1, 2).share("static", 6) == 3
    with pytest.raises(InvalidInputError, match=r"static\.accumulate to a multiple of 2"):
        Peers(1, 2).share("static", 3)
