"""An interrupted training that resumes at any step ends with the same bits."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from maskrnn_core.options import Preset
from maskrnn_core.options import StaticOptions as Static
from maskrnn_core.training import recorder
from maskrnn_core.training.curve import CurvePoint, TrainedNetwork, total_seconds, wait_share
from maskrnn_core.training.parent import train_parent
from maskrnn_core.training.recorder import TrainingState
from maskrnn_core.video import Video
from tests.maskrnn_core.training.tiny_preset import CPU, RECURRENT, STATIC, TINY

WITH_MUON = replace(
    TINY,
    static=replace(STATIC, optimizer="muon"),
    recurrent=replace(RECURRENT, optimizer="muon"),
)


class Memory:
    """States in memory; `all` contains every saved one."""

    def __init__(self, state: TrainingState | None = None) -> None:
        self.state = state
        self.all: list[TrainingState] = []
        self.rejected = ""

    def load(self) -> TrainingState | None:
        return self.state

    def save(self, state: TrainingState) -> None:
        self.all.append(state)

    def reject(self, reason: str) -> None:
        self.rejected = reason


@pytest.fixture
def at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "SAVE_SECONDS", 0.0)
    monkeypatch.setattr(recorder, "SAVE_SHARE", 1e9)


def _train(video: Video, memory: Memory, preset: Preset = TINY) -> TrainedNetwork:
    return train_parent([video], preset, CPU, states=memory)


@pytest.mark.usefixtures("at_every_step")
@pytest.mark.parametrize("preset", [TINY, WITH_MUON], ids=["adam", "muon"])
def test_from_every_step_on_the_same_bits(video: Video, preset: Preset) -> None:
    saved = Memory()
    whole = _train(video, saved, preset)
    assert [(s.stage, len(s.curve)) for s in saved.all] == [
        ("static" if n <= 4 else "recurrent", n) for n in range(1, 8)
    ]
    for state in saved.all:
        memory = Memory(state)
        resumed = _train(video, memory, preset)
        assert not memory.rejected
        assert len(memory.all) == 7 - len(state.curve)
        assert [(p.stage, p.step, p.loss) for p in resumed.curve] == [
            (p.stage, p.step, p.loss) for p in whole.curve
        ]
        for name, value in whole.weights.items():
            np.testing.assert_array_equal(resumed.weights[name], value, strict=True)


@pytest.mark.usefixtures("at_every_step")
def test_adam_is_part_of_the_state(video: Video) -> None:
    saved = Memory()
    whole = _train(video, saved)
    state = saved.all[1]
    names = {name for name in state.arrays if name.startswith("adam/")}
    assert {name.split("/")[1] for name in names} == {"step", "exp_avg", "exp_avg_sq"}
    without = {k: v for k, v in state.arrays.items() if k not in names}
    forgetful = _train(video, Memory(replace(state, arrays=without)))
    assert any((forgetful.weights[n] != whole.weights[n]).any() for n in whole.weights)


@pytest.mark.usefixtures("at_every_step")
def test_muons_momentum_is_part_of_the_state(video: Video) -> None:
    saved = Memory()
    _train(video, saved, WITH_MUON)
    moments = {name.split("/")[1] for name in saved.all[1].arrays if name.startswith("adam/")}
    assert moments == {"step", "exp_avg", "exp_avg_sq", "momentum"}


def _without_a_weight(arrays: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in arrays.items() if k != "network/combine.bias"}


def _with_half_an_adam(arrays: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in arrays.items() if k != "adam/exp_avg/combine.bias"}


def _with_another_shape(arrays: dict[str, Any]) -> dict[str, Any]:
    return {**arrays, "adam/exp_avg/combine.bias": np.zeros(2, np.float32)}


@pytest.mark.usefixtures("at_every_step")
@pytest.mark.parametrize("change", [_without_a_weight, _with_half_an_adam, _with_another_shape])
def test_a_state_of_another_network_is_rejected(video: Video, change: Any) -> None:
    saved = Memory()
    whole = _train(video, saved)
    memory = Memory(replace(saved.all[2], arrays=change(dict(saved.all[2].arrays))))
    anew = _train(video, memory)
    assert "combine.bias" in memory.rejected
    assert len(memory.all) == 7, "from the beginning"
    for name, value in whole.weights.items():
        np.testing.assert_array_equal(anew.weights[name], value)


def test_saving_is_rare_and_the_rarer_the_slower(
    video: Video, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 10**6, 7))  # every look at it takes seven seconds
    # The recorder's clock alone: threads of other tests look at the real one.
    monkeypatch.setattr(recorder, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    memory = Memory()
    static = Static(steps=40, learning_rate=1e-3)
    _train(video, memory, replace(TINY, static=static, recurrent=None))
    # The first after 60 s, at a cost of 7 s; so the next after 700 s, which never come.
    assert [len(state.curve) for state in memory.all] == [9]


def test_shares_of_the_time() -> None:
    curve = [CurvePoint("static", step, 1.0, 1e-3, 0.75, 0.25) for step in range(4)]
    assert total_seconds(curve) == 4
    assert wait_share(curve) == 0.25
    assert wait_share([]) == 0


def test_all_of_an_optimizers_state_lies_where_its_parameter_does() -> None:
    parameter = torch.nn.Parameter(torch.zeros(3, device="meta"))
    moment = np.zeros(3, np.float32)
    moments = {"exp_avg": moment, "exp_avg_sq": moment, "step": np.float32(7)}
    state = recorder.on_device({n: np.asarray(m) for n, m in moments.items()}, parameter)
    assert {value.device.type for value in state.values()} == {"meta"}
