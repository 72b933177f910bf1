"""Flow estimators as a run names them: weights found, read, compared, refused."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from maskrnn_core.errors import IncompatibleWeightsError
from maskrnn_core.optical_flow.flownet2 import FlowNet2S
from maskrnn_core.options import ComputeOptions
from tasks.errors import ParameterError
from tasks.inputs.flow_method import FlowMethod, flow_method, known_estimators
from tasks.plan.machine_report import machine_report

COMPUTE = ComputeOptions(device="cpu", precision="float32", threads=1)


@pytest.fixture(scope="module")
def checkpoint() -> bytes:
    """FlowNet2S with the weights of one seed, as the public checkpoints are laid out."""
    torch.manual_seed(0)
    buffer = io.BytesIO()
    torch.save({"epoch": 1, "state_dict": FlowNet2S().state_dict(), "best_EPE": 2.0}, buffer)
    return buffer.getvalue()


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Only the weights of the test can be found."""
    folder = tmp_path / "weights"
    folder.mkdir()
    monkeypatch.setenv("MASKRNN_WEIGHTS", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TORCH_HOME", raising=False)
    return folder


def test_methods_without_weights() -> None:
    method = flow_method("dis")
    assert method.weights is None
    assert method.resource == "CPU"
    assert method.digest == method.build(COMPUTE).digest
    assert method.digest != flow_method("dis-fast").digest


def test_weights_are_found_by_either_name(nowhere: Path, checkpoint: bytes) -> None:
    with pytest.raises(ParameterError, match=r"flownet2s needs weights.*maskrnn doctor"):
        flow_method("flownet2s")
    public = nowhere / "FlowNet2-S_checkpoint.pth.tar"
    public.write_bytes(checkpoint)
    method = flow_method("flownet2s")
    assert method.weights == str(public)
    assert method.resource == "GPU"
    own = nowhere / "flownet2s.pth"
    own.write_bytes(checkpoint)
    assert flow_method("flownet2s").weights == str(own)
    assert flow_method("flownet2s").digest == method.digest, "content counts, not the name"
    own.write_bytes(checkpoint + b"\0")
    assert flow_method("flownet2s").digest != method.digest


def test_a_network_estimates(tmp_path: Path, checkpoint: bytes) -> None:
    file = tmp_path / "w.pth.tar"
    file.write_bytes(checkpoint)
    estimator = flow_method("flownet2s", str(file)).build(COMPUTE)
    frame = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    assert estimator.estimate(frame, frame).shape == (40, 50, 2)


def _nan(checkpoint: bytes) -> bytes:
    loaded: dict[str, Any] = torch.load(io.BytesIO(checkpoint), weights_only=True)
    next(iter(loaded["state_dict"].values()))[0] = float("nan")
    buffer = io.BytesIO()
    torch.save(loaded, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("flownet2s", _nan, "not finite"),
        ("flownet2s", lambda data: data[:-1000], "truncated"),
        ("flownet2s", lambda data: b"hello", "neither a torch checkpoint nor"),
        ("flownet2c", bytes, "w.pth"),
        ("raft-small", bytes, "do not fit RAFT small"),
    ],
)
def test_weights_that_cannot_be_used(
    tmp_path: Path, checkpoint: bytes, name: str, change: Any, message: str
) -> None:
    file = tmp_path / "w.pth"
    file.write_bytes(change(checkpoint))
    method = flow_method(name, str(file))
    with pytest.raises(IncompatibleWeightsError, match=message) as caught:
        method.build(COMPUTE)
    assert str(file) in str(caught.value)


def test_a_file_that_changed_meanwhile(tmp_path: Path, checkpoint: bytes) -> None:
    file = tmp_path / "w.pth"
    file.write_bytes(checkpoint)
    method = flow_method("flownet2s", str(file))
    file.write_bytes(checkpoint[:-1])
    with pytest.raises(ParameterError, match="have changed since"):
        method.build(COMPUTE)


def test_mistakes() -> None:
    with pytest.raises(ParameterError, match=r"choose one of dis, .*flownet2, "):
        flow_method("nope")
    with pytest.raises(ParameterError, match="takes no weights"):
        flow_method("dis", "w.pth")
    with pytest.raises(ParameterError, match="cannot read the flow weights"):
        flow_method("flownet2", "/no/such.pth")


def test_raft_that_cannot_be_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(name: str) -> FlowMethod:
        raise OSError("no route")

    monkeypatch.setattr("tasks.inputs.flow_method.build_estimator", unreachable)
    with pytest.raises(ParameterError, match="cannot be downloaded"):
        flow_method("raft-small")


def test_the_machine(nowhere: Path, checkpoint: bytes) -> None:
    file = nowhere / "flownet2s.pth"
    file.write_bytes(checkpoint)
    found = machine_report()
    assert found.estimators["flownet2s"] == str(file)
    assert found.estimators["dis"] == "none needed"
    assert "--flow-weights" in found.estimators["flownet2"]
    assert found.folders[0] == str(nowhere)
    assert set(found.estimators) == set(known_estimators())
    assert {"torch", "OpenCV", "precision of networks"} <= set(found.facts)
