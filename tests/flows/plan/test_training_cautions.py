"""What is said before a training that will be poor or take very long."""

from typing import Any

import pytest

from flows.plan.parameters import BenchmarkParameters
from flows.plan.resolved_run import resolve
from flows.plan.training_cautions import training_cautions


def cautions(monkeypatch: pytest.MonkeyPatch, gpus: str = "", **fields: Any) -> list[str]:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", gpus)
    return training_cautions(resolve(BenchmarkParameters(compare=(), **fields)))


def test_a_preset_for_pretrained_weights_on_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    weights, device = cautions(monkeypatch, preset="paper")
    assert "preset paper is made for pretrained weights" in weights
    assert "--initial-weights vgg16" in weights
    assert "this machine has no GPU" in device


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"preset": "small"}, 0),
        ({"preset": "propagate"}, 0),
        ({"preset": "paper", "parent": "KEY"}, 0),
        ({"preset": "paper", "until": "flow"}, 0),
        ({"preset": "scratch"}, 0),
        ({"preset": "accurate", "initial_weights": "vgg16-hed"}, 1),
        ({"preset": "paper", "gpus": "0"}, 1),
        ({"preset": "paper", "gpus": "0", "initial_weights": "vgg16.pth"}, 0),
        ({"preset": "paper", "dask_address": "tcp://127.0.0.1:1"}, 1),
    ],
)
def test_other_runs(fields: dict[str, Any], count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(cautions(monkeypatch, **fields)) == count
