"""A run is resolved and checked once: by the command, or by a flow that has only parameters."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from flows.commands.execution import execute
from flows.plan import machine_check, resolved_run
from flows.plan.handed_over import handed_over, prepared_for
from flows.plan.parameters import BenchmarkParameters
from flows.plan.resolved_run import resolve
from flows.plan.stage_parameters import IngestParameters
from storage.errors import UnknownVideoError
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tests.flows.tiny import OVERRIDES
from tests.tasks.inline import InlineBridge
from tests.tracker_packages import install_example

DRAWN = {key: value for key, value in OVERRIDES.items() if key.startswith("synthetic.")}


def fields(store: Path, **others: Any) -> dict[str, Any]:
    named = {"store": str(store), "overrides": DRAWN, "run_id": "run", "compare": ()}
    return {**named, "preset": "propagate", "videos": ("val-000",), **others}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> "Counter[str]":
    """How often a run was resolved, and how often this machine was checked."""
    counted: Counter[str] = Counter()

    def count(module: object, name: str, what: str) -> None:
        function = getattr(module, name)

        def counting(*args: Any) -> Any:
            counted[what] += 1
            return function(*args)

        monkeypatch.setattr(module, name, counting)

    count(resolved_run, "all_configurations", "resolved")
    count(machine_check, "sampled_extent", "checked")
    monkeypatch.setattr("flows.runs.whole_run.Bridge", lambda *_, **__: InlineBridge())
    return counted


def test_what_was_prepared_reaches_only_the_flow_that_it_is_for(tmp_path: Path) -> None:
    run = BenchmarkParameters(**fields(tmp_path))
    other = run.model_copy(update={"resolution": 64})
    with handed_over(run, "prepared"):
        assert prepared_for(run.model_copy(), str, lambda: "anew") == "prepared"
        assert prepared_for(other, str, lambda: "anew") == "anew"
        assert prepared_for(run, int, lambda: 7) == 7
        with handed_over(other, "inner"):
            assert prepared_for(run, str, lambda: "anew") == "anew"
        assert prepared_for(run, str, lambda: "anew") == "prepared"
    assert prepared_for(run, str, lambda: "anew") == "anew"


def test_a_resolved_run_holds_what_its_stages_work_from(tmp_path: Path) -> None:
    run = resolve(BenchmarkParameters(**fields(tmp_path, preset="small", compare=("osvos",))))
    assert [c.preset.name for c in run.configurations] == ["small", "osvos"]
    assert run.with_network == run.configurations
    assert [source.name for source in run.sources] == ["val-000"]
    assert [source.name for source in run.training.sources] == ["train-000", "train-001"]
    assert (run.data.split, run.training.spec.split) == ("val", "train")
    assert run.protocol is not None
    assert resolve(BenchmarkParameters(**fields(tmp_path, until="segment"))).protocol is None
    assert list(tmp_path.iterdir()) == []


def test_what_learns_from_the_first_frame_alone_needs_no_training_videos(tmp_path: Path) -> None:
    asked = fields(tmp_path, preset="lucid")
    run = resolve(BenchmarkParameters(**asked))
    assert run.with_network == [run.main]
    assert run.training.sources == []
    with_small = resolve(BenchmarkParameters(**{**asked, "compare": ("small",)}))
    assert len(with_small.training.sources) == 2


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ({}, True),
        ({"preset": "first-frame"}, True),
        ({"preset": "small"}, False),
        ({"compare": ("small",)}, False),
        ({"videos": ("val-000", "val-001")}, False),
        ({"workers": 1}, False),
        ({"dask_address": "tcp://127.0.0.1:1"}, False),
        ({"timeouts": {"segment": 60.0}}, False),
    ],
)
def test_one_video_without_a_network_needs_no_workers(
    tmp_path: Path, others: dict[str, Any], expected: bool
) -> None:
    run = resolve(BenchmarkParameters(**fields(tmp_path, **others)))
    assert run.needs_no_workers is expected


def test_a_tracker_of_another_package_gets_a_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    install_example(site, "template")
    asked = {**fields(tmp_path, preset="patch"), "overrides": {}}
    run = resolve(BenchmarkParameters(**asked))
    assert run.main.preset.tracker is not None
    assert not run.needs_no_workers


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"overrides": {"network.depth": "3"}}, ParameterError),
        ({"flow": "farnebeck"}, ParameterError),
        ({"videos": ("val-009",)}, UnknownVideoError),
        ({"preset": "small", "train_videos": ("no",)}, UnknownVideoError),
    ],
)
def test_bad_input_is_found_by_resolving(
    tmp_path: Path, wrong: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        resolve(BenchmarkParameters(**fields(tmp_path, **wrong)))


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("prefect_server")
def test_a_command_resolves_and_checks_once_and_so_does_a_flow_without_one(
    tmp_path: Path, calls: "Counter[str]"
) -> None:
    from flows.runs.stage_flows import ingest

    assert execute(fields(tmp_path, until="ingest")) == 0
    assert calls == {"resolved": 1, "checked": 1}
    calls.clear()
    asked = BenchmarkParameters(**fields(tmp_path, until="ingest", run_id="deployed"))
    assert ingest(IngestParameters.of(asked), return_state=True).is_completed()
    assert calls == {"resolved": 1, "checked": 1}
    for run in ("run", "deployed"):
        record = RunLedger(ArtifactStore(str(tmp_path)), run).read("val-000")
        assert record is not None
        assert record.state == "done"
