import pytest
import torch
from torch import nn

from maskrnn_core.errors import TrainingDivergedError
from maskrnn_core.networks import build_network
from maskrnn_core.options import NetworkOptions
from maskrnn_core.training.curve import CurvePoint
from maskrnn_core.training.losses import BatchLoss
from maskrnn_core.training.optimisation import Objective, Schedule, frozen, optimise
from maskrnn_core.training.recorder import Recorder


def _recorder() -> Recorder:
    return Recorder(build_network(NetworkOptions(width=0.125, fc_width=16)))


def test_the_rate_decays_from_initial_to_final() -> None:
    schedule = Schedule(steps=100, initial=1e-3, final=1e-5, power=0.9)
    rates = [schedule.rate(step) for step in range(100)]
    assert rates[0] == pytest.approx(1e-3)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(1e-5 + 0.99e-3 * 0.01**0.9)


def test_small_frames_take_as_much_of_the_decay_as_they_have_pixels() -> None:
    """80 steps with a quarter of the pixels see as many as 20 with all."""
    schedule = Schedule(steps=100, initial=1.0, final=0.0, power=1.0, coarse=80)
    assert [schedule.side(step) for step in (0, 79, 80, 99)] == [0.5, 0.5, 1.0, 1.0]
    rates = [schedule.rate(step) for step in (0, 40, 80, 90)]
    assert rates == pytest.approx([1.0, 0.75, 0.5, 0.25])


def test_it_minimises_and_reports_every_step() -> None:
    parameter = nn.Parameter(torch.tensor(3.0))
    recorder = _recorder()
    objective = Objective(
        "static",
        Schedule(200, 0.1, 0.01, 0.9),
        lambda index: index,
        lambda _: BatchLoss(parameter**2),
        str,
    )
    optimise(nn.ParameterList([parameter]), objective, recorder)
    assert abs(float(parameter.detach())) < 0.05
    assert [point.step for point in recorder.curve] == list(range(200))


def test_a_step_takes_the_mean_gradient_of_its_batches() -> None:
    seen: list[int] = []
    parameters = [nn.Parameter(torch.tensor(1.0)) for _ in range(2)]
    curves: list[list[CurvePoint]] = []
    for accumulate, parameter in zip((1, 3), parameters, strict=True):

        def batch(index: int) -> int:
            seen.append(index)
            return index

        def loss(index: int, parameter: nn.Parameter = parameter, n: int = accumulate) -> BatchLoss:
            rows = torch.arange(3.0) + 3 * (index // n) if n == 1 else torch.tensor([float(index)])
            return BatchLoss(((parameter - rows) ** 2).mean())

        recorder = _recorder()
        objective = Objective("static", Schedule(4, 0.1, 0.1, 1), batch, loss, str, accumulate)
        optimise(nn.ParameterList([parameter]), objective, recorder, reading_threads=2)
        curves.append(recorder.curve)
    assert sorted(seen) == sorted([*range(4), *range(12)])
    torch.testing.assert_close(*parameters)
    for one, other in zip(*curves, strict=True):
        assert one.loss == pytest.approx(other.loss)


def test_figures_are_means_over_the_batches_that_have_them() -> None:
    parameter = nn.Parameter(torch.tensor(1.0))
    ious = [0.25, float("nan"), float("nan"), float("nan")]

    def loss(index: int) -> BatchLoss:
        figures = {"mask_loss": torch.tensor(float(index)), "box_iou": torch.tensor(ious[index])}
        return BatchLoss(parameter * 2, figures)

    recorder = _recorder()
    objective = Objective("static", Schedule(2, 0.1, 0.1, 1), lambda i: i, loss, str, 2)
    optimise(nn.ParameterList([parameter]), objective, recorder)
    assert [point.mask_loss for point in recorder.curve] == [0.5, 2.5]
    assert [point.box_iou for point in recorder.curve] == [0.25, None]
    assert [point.box_loss for point in recorder.curve] == [None, None]


def test_a_loss_that_is_not_finite_stops_and_names_the_sample() -> None:
    parameter = nn.Parameter(torch.tensor(1.0))
    objective = Objective(
        "static",
        Schedule(5, 0.1, 0.01, 0.9),
        lambda index: index,
        lambda index: BatchLoss(parameter * (float("nan") if index == 5 else 1.0)),
        lambda index: f"bear, frame {index}",
        accumulate=2,
    )
    with pytest.raises(TrainingDivergedError, match="step 2: the loss is nan on bear, frame 5"):
        optimise(nn.ParameterList([parameter]), objective, _recorder())
    assert torch.isfinite(parameter)


def test_what_is_frozen_takes_no_gradient_and_thaws() -> None:
    first, second = nn.Linear(2, 2), nn.Linear(2, 1)
    with frozen(first, None):
        torch.autograd.backward(second(first(torch.ones(1, 2))))
        assert first.weight.grad is None
        assert second.weight.grad is not None
    assert first.weight.requires_grad
