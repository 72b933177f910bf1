"""Parameters of a run, and the name of the run that follows from them."""

from pathlib import Path
from typing import Any

import pytest
from prefect.utilities.schema_tools.validation import is_valid
from pydantic import ValidationError

from flows.console.options import DataOptions, MethodOptions, RunOptions, as_fields
from flows.plan.parameters import BenchmarkParameters
from flows.plan.stage_parameters import IngestParameters, SegmentParameters, TrainParameters
from tasks.errors import ParameterError


def test_the_name_of_a_run_follows_what_changes_its_result() -> None:
    base = BenchmarkParameters()
    assert base.run_name.startswith("synthetic-val-lucid-")
    same = BenchmarkParameters(store="elsewhere", workers=3, dask_address="tcp://127.0.0.1:1")
    assert same.run_name == base.run_name
    for other in ({"resolution": 64}, {"overrides": {"static.steps": "1"}}, {"compare": ()}):
        assert BenchmarkParameters.model_validate(other).run_name != base.run_name
    assert BenchmarkParameters(run_id="nightly").run_name == "nightly"


def test_what_is_asked_chooses_the_preset_that_is_not_named() -> None:
    """One that learns from the first mask, unless something must be trained, or was."""
    assert SegmentParameters().preset == "lucid"
    assert TrainParameters().preset == "small"
    assert TrainParameters(preset="scratch").preset == "scratch"
    assert BenchmarkParameters(ablation=True).preset == "small"
    assert BenchmarkParameters(parent="known").preset == "small"
    assert BenchmarkParameters(initial_weights="vgg16-hed").preset == "oneshot"
    assert BenchmarkParameters(parent="known", preset="scratch").preset == "scratch"


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


def test_existing_paths_become_absolute_and_names_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a" / "data").mkdir(parents=True)
    (tmp_path / "b" / "data").mkdir(parents=True)
    (tmp_path / "a" / "w.safetensors").touch()
    (tmp_path / "a" / "vgg16-hed").touch()
    monkeypatch.chdir(tmp_path / "a")
    file = str(tmp_path / "a" / "w.safetensors")
    found = as_fields(
        DataOptions(root="data"),
        MethodOptions(
            parent="w.safetensors", flow_weights="./w.safetensors", initial_weights="vgg16-hed"
        ),
    )
    assert found["root"] == str(tmp_path / "a" / "data")
    assert (found["parent"], found["flow_weights"]) == (file, file)
    assert found["initial_weights"] == "vgg16-hed"
    assert as_fields(MethodOptions(initial_weights="w.safetensors"))["initial_weights"] == file
    assert as_fields(MethodOptions(parent="0123abcd"))["parent"] == "0123abcd"
    assert as_fields(DataOptions(root="gone"))["root"] == "gone"
    assert as_fields(DataOptions())["root"] is None
    named = BenchmarkParameters.model_validate(as_fields(DataOptions(root="data"))).run_name
    monkeypatch.chdir(tmp_path / "b")
    elsewhere = BenchmarkParameters.model_validate(as_fields(DataOptions(root="data"))).run_name
    assert named != elsewhere


def test_limits_and_clusters_become_fields(tmp_path: Path) -> None:
    file = tmp_path / "slurm.yaml"
    file.write_text("queue: gpu\nmemory: 8GB\njob_extra_directives: ['--gres=gpu:1']\n")
    options = RunOptions(
        timeout=["finetune=3600"],
        cluster="dask_jobqueue.SLURMCluster",
        cluster_options=[str(file), "memory=16GB", "resources={GPU: 1}"],
    )
    parameters = BenchmarkParameters.model_validate(as_fields(options))
    assert parameters.timeouts == {"finetune": 3600.0}
    assert parameters.cluster_options == {
        "queue": "gpu",
        "memory": "16GB",
        "job_extra_directives": ["--gres=gpu:1"],
        "resources": {"GPU": 1},
    }
    assert parameters.run_name == BenchmarkParameters().run_name
    for wrong in (["memory"], [str(tmp_path / "none.yaml")]):
        with pytest.raises(ParameterError, match="--cluster-options"):
            as_fields(RunOptions(cluster_options=wrong))
    for fields in (
        {"timeouts": {"lunch": 3}},
        {"timeouts": {"flow": 0}},
        {"cluster": "a.B", "dask_address": "tcp://127.0.0.1:1"},
        {"cluster_options": {"queue": "gpu"}},
    ):
        with pytest.raises(ValidationError):
            BenchmarkParameters.model_validate(fields)


def test_flows_of_one_stage_are_the_same_run_as_their_command() -> None:
    whole = BenchmarkParameters(dataset="synthetic", compare=(), workers=2)
    assert TrainParameters.of(whole).benchmark() == whole.model_copy(update={"until": "train"})
    few = whole.model_copy(update={"overrides": {"synthetic.videos_val": "1"}})
    assert IngestParameters.of(few).benchmark().overrides == few.overrides
    ingest = IngestParameters.of(whole)
    assert ingest.benchmark().until == "ingest"
    assert ingest.run_name == whole.run_name


@pytest.mark.timeout(240)  # imports Prefect first
def test_every_parameter_is_explained_in_the_form() -> None:
    from prefect.utilities.callables import parameter_schema

    from flows.runs.archive import archive
    from flows.runs.driver import benchmark
    from flows.runs.stage_flows import ingest, precompute_flow, train

    for flow in (benchmark, ingest, precompute_flow, train, archive):
        schema = parameter_schema(flow.fn)
        (model,) = schema.definitions.values()
        assert all(field.get("description") for field in model["properties"].values())
        if flow is not archive:
            assert "davis2017" in model["properties"]["dataset"]["enum"]


def test_deployments_name_flows_and_parameters_that_exist() -> None:
    from importlib import import_module

    import yaml

    file = Path(__file__).parents[3] / "prefect.yaml"
    deployments = yaml.safe_load(file.read_text())["deployments"]
    names = [item["name"] for item in deployments]
    assert {"synthetic", "davis-nightly", "segtrack-weekly", "archive", "rerun"} <= set(names)
    for item in deployments:
        place, _, name = item["entrypoint"].partition(":")
        flow = getattr(import_module(place.removesuffix(".py").replace("/", ".")), name)
        assert item["description"]
        if "parameters" in item:
            flow.validate_parameters(item["parameters"])
        for schedule in item.get("schedules", ()):
            assert schedule["timezone"] == "Europe/Berlin"


def is_taken(overrides: dict[str, Any]) -> bool:
    """Whether Prefect's server takes the overrides of a deployment."""
    schema: Any = BenchmarkParameters.model_json_schema()
    return is_valid({"overrides": overrides}, schema)


@pytest.mark.parametrize(
    ("value", "text"),
    [("3", "3"), (3, "3"), (0.5, "0.5"), ([64, 112], "[64, 112]"), (True, "true"), (None, "none")],
)
def test_overrides_of_a_deployment_are_what_the_command_line_takes(value: Any, text: str) -> None:
    given = BenchmarkParameters.model_validate({"overrides": {"a.b": value}})
    typed = BenchmarkParameters(overrides={"a.b": text})
    assert given == typed
    assert given.run_name == typed.run_name
    assert is_taken({"a.b": value})


def test_an_override_that_is_no_value_is_refused() -> None:
    assert not is_taken({"a": {"b": 1}})
    with pytest.raises(ValidationError):
        BenchmarkParameters.model_validate({"overrides": {"a": {"b": 1}}})


def test_segmenting_alone_ends_there_and_is_named_as_the_benchmark_is() -> None:
    whole = BenchmarkParameters(compare=(), until="segment", checkpoint_frames=7)
    assert SegmentParameters.of(whole).benchmark() == whole
    assert SegmentParameters.of(whole).run_name == whole.run_name
