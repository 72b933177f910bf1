"""scripts/serve.sh as an operator uses it: triggered, scheduled and cancelled runs."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from storage.archive.progress_file import read_progress
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tests.faults.manifest import written_manifest
from tests.faults.service import Service, serving, wait_for
from tests.flows.tiny import OVERRIDES

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("service")) as running:
        yield running


def parameters(run_id: str, **others: Any) -> dict[str, Any]:
    return {"dataset": "synthetic", "run_id": run_id, "overrides": OVERRIDES, **others}


@pytest.fixture(scope="module")
def triggered(service: Service) -> dict[str, Any]:
    """A flow run that was triggered from the command line, and has completed."""
    tiny = json.dumps(parameters("by-hand", preset="small", workers=1))
    started = service.prefect(
        "deployment", "run", "benchmark/synthetic", "--watch", "--param", f"parameters={tiny}"
    )
    assert started.returncode == 0, started.stdout + started.stderr
    run = service.run_called("by-hand")
    assert run is not None
    return run


def test_a_triggered_run_completes_with_names_tags_and_logs_of_its_workers(
    service: Service, triggered: dict[str, Any]
) -> None:
    assert triggered["state_type"] == "COMPLETED"
    assert {"synthetic", "small"} <= set(triggered["tags"])
    by_run = {"flow_runs": {"id": {"any_": [triggered["id"]]}}}
    names = wait_for(
        lambda: (
            {"report"} <= (got := {t["name"] for t in service.ask("task_runs/filter", by_run)})
            and got
        ),
        60,
    )
    assert {"ingest val-000", "train small", "finetune val-000/1", "evaluate val-001 by small"} <= (
        names
    )
    lines = service.logged("by-hand")
    assert "finetune small/1 val-000: on worker-0" in lines
    assert (service.store / "runs" / "by-hand" / "report" / "summary.md").exists()


@pytest.mark.usefixtures("triggered")
def test_the_deployments_of_single_stages_rerun_and_archive_complete(
    service: Service, tmp_path: Path
) -> None:
    asked = {
        f"{stage}/{stage}": parameters(f"only-{stage}", workers=1)
        for stage in ("ingest", "precompute-flow", "train")
    }
    asked["rerun/rerun"] = {"run": "by-hand", "workers": 1}
    method = {"run_id": "films", "preset": "propagate", "workers": 1}
    asked["archive/archive"] = {"manifest": str(written_manifest(tmp_path)), **method}
    started = {deployed: service.start(deployed, given) for deployed, given in asked.items()}
    for deployed, identifier in started.items():
        run = service.end_of(id=identifier)
        assert run["state_type"] == "COMPLETED", (deployed, run["state"])
    progress = read_progress(ArtifactStore(str(service.store)), "films")
    assert progress is not None
    assert (progress.done, progress.failed) == (1, 0)


@pytest.mark.usefixtures("triggered")
def test_the_deployment_report_writes_the_report_anew(service: Service) -> None:
    summary = service.store / "runs" / "by-hand" / "report" / "summary.md"
    summary.unlink()
    run = service.end_of(id=service.start("report/report", {"run": "by-hand"}))
    assert run["state_type"] == "COMPLETED", run["state"]
    assert summary.exists()


def test_bad_parameters_are_refused_before_anything_starts(service: Service) -> None:
    wrong = json.dumps(parameters("wrong", dataset="nope"))
    started = service.prefect(
        "deployment", "run", "benchmark/synthetic", "--param", f"parameters={wrong}"
    )
    assert started.returncode != 0
    assert service.run_called("wrong") is None


def test_a_cron_schedule_fires_by_itself(service: Service) -> None:
    synthetic = service.deployment("benchmark/synthetic")
    drawn = {name: value for name, value in OVERRIDES.items() if name.startswith("synthetic.")}
    method = {"preset": "first-frame", "overrides": drawn, "workers": 1}
    (schedule,) = service.ask(
        f"deployments/{synthetic}/schedules",
        [
            {
                "schedule": {"cron": "* * * * *", "timezone": "Europe/Berlin"},
                "active": True,
                "parameters": {"parameters": parameters("by-cron", **method)},
            }
        ],
    )
    try:
        run = service.end_of(name="by-cron")
    finally:
        service.delete(f"deployments/{synthetic}/schedules/{schedule['id']}")
    assert run["state_type"] == "COMPLETED"
    assert run["auto_scheduled"]


def test_a_cancelled_run_stops_its_workers_and_the_ledger_says_so(service: Service) -> None:
    def count() -> int:
        return len(service.processes())

    wait_for(lambda: not service.ask("flow_runs/filter", running_runs()), 120)
    idle = count()
    many = {**OVERRIDES, "static.steps": "200000"}
    method = {"preset": "small", "overrides": many, "workers": 1}
    service.start("benchmark/synthetic", parameters("to-cancel", **method))
    wait_for(lambda: "train parent/small: on worker-0" in service.logged("to-cancel"), 240)
    run = service.run_called("to-cancel")
    assert run is not None
    cancelled = service.prefect("flow-run", "cancel", run["id"])
    assert cancelled.returncode == 0, cancelled.stderr
    began = time.monotonic()
    wait_for(lambda: count() <= idle, 120)
    assert time.monotonic() - began < 60
    wait_for(lambda: (service.run_called("to-cancel") or {})["state_type"] == "CANCELLED", 60)
    ledger = RunLedger(ArtifactStore(str(service.store)), "to-cancel")
    record = ledger.read("parent/small")
    assert record is not None
    assert record.state == "failed"
    assert "was cut off" in (record.stages["train"].error or "")


def running_runs() -> dict[str, Any]:
    states = ["RUNNING", "PENDING", "CANCELLING"]
    return {"flow_runs": {"state": {"type": {"any_": states}}}}


def test_nothing_listens_beyond_loopback(service: Service) -> None:
    listening = {
        connection.laddr.ip
        for process in service.processes()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}
