"""Two processes that share the batches of a step give the same weights as one process."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.training.distributed import Peers
from maskrnn_core.training.parent import train_parent
from tests.maskrnn_core.conftest import square_video
from tests.maskrnn_core.training.ranks import slow
from tests.maskrnn_core.training.tiny_preset import CPU

ROOT = Path(__file__).resolve().parents[3]


_RANK = """
import sys
from tests.maskrnn_core.training.ranks import train_rank

train_rank(int(sys.argv[1]), *sys.argv[2:])
"""


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
    # Halves add up exactly, quarters in another order do not, and Adam makes a step of any size of
    # the rounding of a gradient that is nearly zero: weights are compared as a whole.
    for accumulate, tolerance in ((2, 1e-6), (4, 2e-5)):
        alone = train_parent([square_video()], slow(accumulate), CPU)
        with np.load(f"{output}-{accumulate}.npz") as found:
            losses = [point.loss for point in alone.curve]
            assert losses == pytest.approx(found["losses"], abs=tolerance)
            for name, value in alone.weights.items():  # which moved by 4e-4
                apart = float(np.sqrt(np.mean((value - found[name]) ** 2)))
                assert apart <= tolerance, name


def test_batches_are_shared_evenly() -> None:
    assert Peers(1, 2).share("static", 6) == 3
    with pytest.raises(InvalidInputError, match=r"static\.accumulate to a multiple of 2"):
        Peers(1, 2).share("static", 3)
