"""Parameters of a run, and the name they give it."""

import pytest
from pydantic import ValidationError

from flows.options import DataOptions, MethodOptions, as_fields
from flows.parameters import BenchmarkParameters
from tasks.errors import ParameterError


def test_the_name_of_a_run_follows_what_changes_its_result() -> None:
    base = BenchmarkParameters()
    assert base.run_name.startswith("synthetic-val-small-")
    same = BenchmarkParameters(store="elsewhere", workers=3, dask_address="tcp://127.0.0.1:1")
    assert same.run_name == base.run_name
    for other in ({"resolution": 64}, {"overrides": {"static.steps": "1"}}, {"compare": ()}):
        assert BenchmarkParameters.model_validate(other).run_name != base.run_name
    assert BenchmarkParameters(run_id="nightly").run_name == "nightly"


def test_every_preset_runs_once() -> None:
    parameters = BenchmarkParameters(preset="propagate", compare=("propagate", "first-frame"))
    assert parameters.presets == ("propagate", "first-frame")


def test_unknown_and_impossible_fields_are_refused() -> None:
    for fields in ({"datset": "x"}, {"workers": 0}, {"resolution": 1}, {"until": "lunch"}):
        with pytest.raises(ValidationError):
            BenchmarkParameters.model_validate(fields)


def test_options_become_fields() -> None:
    fields = as_fields(
        DataOptions(videos="a, b"), MethodOptions(set=["static.steps=3"], train_videos="5")
    )
    assert fields["videos"] == ("a", "b")
    assert fields["overrides"] == {"static.steps": "3"}
    assert fields["train_videos"] == 5
    assert as_fields(MethodOptions(train_videos="a,b"))["train_videos"] == ("a", "b")
    with pytest.raises(ParameterError, match="key=value"):
        as_fields(MethodOptions(set=["static.steps"]))


def test_deployments_name_flows_and_parameters_that_exist() -> None:
    from pathlib import Path

    import yaml

    file = Path(__file__).parents[2] / "prefect.yaml"
    deployments = yaml.safe_load(file.read_text())["deployments"]
    assert {item["name"] for item in deployments} >= {"davis-nightly"}
    for item in deployments:
        assert item["entrypoint"] == "flows/benchmark.py:benchmark"
        BenchmarkParameters.model_validate(item["parameters"]["parameters"])
