import pytest
import torch

from maskrnn_core.errors import TrainingDivergedError
from maskrnn_core.training.optimisation import CurvePoint, Schedule, optimise


def test_the_rate_decays_from_initial_to_final() -> None:
    schedule = Schedule(steps=100, initial=1e-3, final=1e-5, power=0.9)
    rates = [schedule.rate(step) for step in range(100)]
    assert rates[0] == pytest.approx(1e-3)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(1e-5 + 0.99e-3 * 0.01**0.9)


def test_it_minimises_and_reports_every_step() -> None:
    parameter = torch.nn.Parameter(torch.tensor(3.0))
    seen: list[CurvePoint] = []
    curve = optimise(
        "static",
        [parameter],
        Schedule(200, 0.1, 0.01, 0.9),
        lambda step: step,
        lambda _: parameter**2,
        str,
        seen.append,
    )
    assert abs(float(parameter.detach())) < 0.05
    assert curve == seen
    assert [point.step for point in curve] == list(range(200))


def test_a_loss_that_is_not_finite_stops_and_names_the_sample() -> None:
    parameter = torch.nn.Parameter(torch.tensor(1.0))
    with pytest.raises(TrainingDivergedError, match="step 2: the loss is nan on bear, frame 2"):
        optimise(
            "static",
            [parameter],
            Schedule(5, 0.1, 0.01, 0.9),
            lambda step: step,
            lambda step: parameter * (float("nan") if step == 2 else 1.0),
            lambda step: f"bear, frame {step}",
            None,
        )
    assert torch.isfinite(parameter)
