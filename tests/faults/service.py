"""scripts/serve.sh in separate processes, and requests to its API."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.faults.prefect_api import ask
from tests.processes import free_port, stop

ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
ROOT = Path(__file__).resolve().parents[2]


class Service:
    """scripts/serve.sh with its own home, port and store; `others` are environment variables."""

    def __init__(self, folder: Path, **others: str) -> None:
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
            **others,
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
        """The server's answer to a POST."""
        return ask(self.api, path, body)

    def delete(self, path: str) -> None:
        """A DELETE."""
        ask(self.api, path, method="DELETE")

    def deployment(self, deployed: str) -> str:
        """Id of `flow/deployment`."""
        flow, _, name = deployed.partition("/")
        asked = {"flows": {"name": {"any_": [flow]}}, "deployments": {"name": {"any_": [name]}}}
        return str(self.ask("deployments/filter", asked)[0]["id"])

    def start(self, deployed: str, parameters: dict[str, Any]) -> str:
        """Start a flow run of `flow/deployment` as soon as the worker is free; return its id."""
        body = {"state": {"type": "SCHEDULED"}, "parameters": {"parameters": parameters}}
        return str(self.ask(f"deployments/{self.deployment(deployed)}/create_flow_run", body)["id"])

    def end_of(self, **one: str) -> dict[str, Any]:
        """Wait for the end of the flow run with this id or name; return it."""
        ((field, value),) = one.items()
        asked = {
            "flow_runs": {field: {"any_": [value]}, "state": {"type": {"any_": sorted(ENDED)}}}
        }
        found: list[dict[str, Any]] = wait_for(lambda: self.ask("flow_runs/filter", asked), 300)
        return found[0]

    def run_called(self, name: str) -> dict[str, Any] | None:
        """The flow run with this name, or None."""
        found = self.ask("flow_runs/filter", {"flow_runs": {"name": {"any_": [name]}}})
        return found[0] if found else None

    def logged(self, name: str) -> str:
        """Log lines of a flow run's task runs from Dask workers, as stored on the server."""
        run = self.run_called(name)
        if run is None:
            return ""
        ours = {"logs": {"flow_run_id": {"any_": [run["id"]]}}, "limit": 200}
        pages = (self.ask("logs/filter", {**ours, "offset": 200 * page}) for page in range(5))
        lines = [line for page in pages for line in page if line["task_run_id"]]
        return "\n".join(line["message"] for line in lines if line["name"] == "maskrnn.worker")

    def processes(self) -> list[psutil.Process]:
        """All processes that the script started."""
        own = psutil.Process(self.process.pid)
        return [process for process in (own, *own.children(recursive=True)) if runs(process)]


@contextmanager
def serving(folder: Path, **others: str) -> Iterator[Service]:
    """A service that is ready; at the end it must leave no process behind."""
    running = Service(folder, **others)
    try:
        wait_for(lambda: ready(running), 600)
        yield running
    finally:
        left = running.processes() if running.process.poll() is None else []
        stop(running.process, 90)
        running.log.close()
        psutil.wait_procs(left, timeout=30)
        alive = [process for process in left if runs(process)]
        for process in alive:
            process.kill()
        assert not alive, alive


def wait_for(what: Callable[[], Any], seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.5)
    raise AssertionError(f"not within {seconds:.0f} s")


def ready(running: Service) -> bool:
    assert running.process.poll() is None, "serve.sh ended"
    try:
        workers = running.ask("work_pools/local-process/workers/filter", {})
    except OSError:
        return False
    return any(worker["status"] == "ONLINE" for worker in workers)


def runs(process: psutil.Process) -> bool:
    """Whether a process has neither ended nor become a zombie."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
