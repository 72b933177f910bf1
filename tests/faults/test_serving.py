"""scripts/serve.sh as an operator uses it: triggered, scheduled and cancelled runs."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from storage.artifacts import ArtifactStore
from storage.ledger import RunLedger
from tests.flows.tiny import OVERRIDES
from tests.processes import free_port, stop

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[2]


class Service:
    """scripts/serve.sh with a home, a port and a store of its own."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "store"
        port = free_port()
        self.api = f"http://127.0.0.1:{port}/api"
        self.environment = {
            **os.environ,
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_API_URL": self.api,
            "PREFECT_LOGGING_LEVEL": "INFO",
            "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "3",
            "MASKRNN_STORE": str(self.store),
            "PYTHON": sys.executable,
            "PYTHONPATH": str(ROOT),
        }
        self.log = (folder / "serve.log").open("wb")
        self.process = subprocess.Popen(
            [str(ROOT / "scripts" / "serve.sh"), str(port)],
            env=self.environment,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )

    def prefect(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """One command of Prefect against this server."""
        return subprocess.run(
            [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    def ask(self, path: str, body: dict[str, Any] | list[Any]) -> Any:
        """What the server answers to a POST."""
        request = urllib.request.Request(
            f"{self.api}/{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")

    def run_called(self, name: str) -> dict[str, Any] | None:
        """The flow run of that name, if there is one."""
        found = self.ask("flow_runs/filter", {"flow_runs": {"name": {"any_": [name]}}})
        return found[0] if found else None

    def logged(self, name: str) -> str:
        """What the task runs of that flow run have logged on Dask workers, as the server has it."""
        run = self.run_called(name)
        if run is None:
            return ""
        ours = {"logs": {"flow_run_id": {"any_": [run["id"]]}}, "limit": 200}
        pages = (self.ask("logs/filter", {**ours, "offset": 200 * page}) for page in range(5))
        lines = [line for page in pages for line in page if line["task_run_id"]]
        return "\n".join(line["message"] for line in lines if line["name"] == "maskrnn.worker")

    def processes(self) -> list[psutil.Process]:
        """All that runs on behalf of the script."""
        own = psutil.Process(self.process.pid)
        return [process for process in (own, *own.children(recursive=True)) if runs(process)]


def wait_for(what: Callable[[], Any], seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.5)
    raise AssertionError(f"not within {seconds:.0f} s")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    running = Service(folder)
    try:
        wait_for(lambda: ready(running), 600)
        yield running
    finally:
        left = running.processes() if running.process.poll() is None else []
        stop(running.process, 60)
        running.log.close()
        psutil.wait_procs(left, timeout=30)
        alive = [process for process in left if runs(process)]
        for process in alive:
            process.kill()
        assert not alive, alive


def runs(process: psutil.Process) -> bool:
    """Neither ended nor waiting to be buried."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def ready(running: Service) -> bool:
    assert running.process.poll() is None, "serve.sh ended"
    try:
        workers = running.ask("work_pools/local-process/workers/filter", {})
    except OSError:
        return False
    return any(worker["status"] == "ONLINE" for worker in workers)


def deployment(running: Service) -> str:
    found = running.ask("deployments/filter", {"deployments": {"name": {"any_": ["synthetic"]}}})
    identifier: str = found[0]["id"]
    return identifier


def parameters(run_id: str, **others: Any) -> dict[str, Any]:
    return {"dataset": "synthetic", "run_id": run_id, "overrides": OVERRIDES, **others}


def test_a_triggered_run_completes_with_names_tags_and_logs_of_its_workers(
    service: Service,
) -> None:
    tiny = json.dumps(parameters("by-hand", workers=1))
    started = service.prefect(
        "deployment", "run", "benchmark/synthetic", "--watch", "--param", f"parameters={tiny}"
    )
    assert started.returncode == 0, started.stdout + started.stderr
    run = service.run_called("by-hand")
    assert run is not None
    assert run["state_type"] == "COMPLETED"
    assert {"synthetic", "small"} <= set(run["tags"])
    by_run = {"flow_runs": {"id": {"any_": [run["id"]]}}}
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


def test_bad_parameters_are_refused_before_anything_starts(service: Service) -> None:
    wrong = json.dumps(parameters("wrong", dataset="nope"))
    started = service.prefect(
        "deployment", "run", "benchmark/synthetic", "--param", f"parameters={wrong}"
    )
    assert started.returncode != 0
    assert service.run_called("wrong") is None


def test_a_cron_schedule_fires_by_itself(service: Service) -> None:
    (schedule,) = service.ask(
        f"deployments/{deployment(service)}/schedules",
        [
            {
                "schedule": {"cron": "* * * * *", "timezone": "Europe/Berlin"},
                "active": True,
                "parameters": {
                    "parameters": parameters("by-cron", preset="first-frame", workers=1)
                },
            }
        ],
    )
    try:

        def fired() -> dict[str, Any] | None:
            run = service.run_called("by-cron")
            return run if run and run["state_type"] in ("COMPLETED", "FAILED") else None

        run = wait_for(fired, 300)
    finally:
        request = urllib.request.Request(
            f"{service.api}/deployments/{deployment(service)}/schedules/{schedule['id']}",
            method="DELETE",
        )
        urllib.request.urlopen(request, timeout=30).close()
    assert run["state_type"] == "COMPLETED"
    assert run["auto_scheduled"]


def test_a_cancelled_run_stops_its_workers_and_the_ledger_says_so(service: Service) -> None:
    def count() -> int:
        return len(service.processes())

    wait_for(lambda: not service.ask("flow_runs/filter", running_runs()), 120)
    idle = count()
    many = {**OVERRIDES, "static.steps": "200000"}
    service.ask(
        f"deployments/{deployment(service)}/create_flow_run",
        {
            "name": "to-cancel",
            "state": {"type": "SCHEDULED"},
            "parameters": {"parameters": parameters("to-cancel", overrides=many, workers=1)},
        },
    )
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
