"""The processes of a deployment, as docs/scheduling.md starts them, each of which can be killed."""

import faulthandler
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows.server.environment import prepare_environment
from tests.clusters import ROOT, DaskCluster
from tests.faults.prefect_api import answers, ask
from tests.processes import free_port, stop

WORKERS = 2


class Deployment:
    """A Prefect server, a Dask scheduler with two workers, and runs that use both."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.frame_log = folder / "frames.log"
        self._port = free_port()
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_API_URL": f"http://127.0.0.1:{self._port}/api",
            "PREFECT_SERVER_UI_ENABLED": "false",
            "MASKRNN_FRAME_LOG": str(self.frame_log),
        }
        counted = ["--preload", "tests.faults.counted_worker"]
        self._cluster = DaskCluster(folder / "dask", self._environment, WORKERS, counted)
        self._started: list[subprocess.Popen[bytes]] = []
        self._runs = multiprocessing.get_context("forkserver")
        self._runs.set_forkserver_preload(["flows.runs.driver", "flows.commands.execution"])

    def start(self) -> None:
        """Start everything, and wait until it answers."""
        self._server = self._serve()
        self._cluster.start()
        self.address = self._cluster.address
        self._await_server()

    def start_run(self, fields: Mapping[str, Any]) -> "multiprocessing.process.BaseProcess":
        """A flow run in a separate process, with the exit code of the command."""
        log = self._folder / "run.log"
        process = self._runs.Process(target=_run, args=(dict(fields), self._environment, log))
        process.start()
        return process

    def kill_worker(self, chance: random.Random) -> None:
        """Kill one of the workers with SIGKILL; its nanny starts another one."""
        self._cluster.kill_worker(chance)

    def count_runs(self) -> int:
        """Flow runs that the server knows."""
        return int(ask(self._environment["PREFECT_API_URL"], "flow_runs/count", {}))

    def kill_server(self) -> None:
        """SIGKILL."""
        self._server.kill()
        self._server.wait()

    def restart_server(self) -> None:
        """Start the server again, on the same database and port."""
        self._server = self._serve()
        self._await_server()

    def close(self) -> None:
        """End all processes."""
        self._cluster.close()
        for process in reversed(self._started):
            stop(process)

    def log(self) -> str:
        """The output of the runs."""
        file = self._folder / "run.log"
        return file.read_text() if file.exists() else ""

    def _serve(self) -> subprocess.Popen[bytes]:
        serve = ["-m", "prefect", "server", "start", "--host", "127.0.0.1"]
        return self._start([sys.executable, *serve, "--port", str(self._port)])

    def _await_server(self) -> None:
        deadline = time.monotonic() + 300
        while not answers(self._environment["PREFECT_API_URL"]):
            assert time.monotonic() < deadline, "the Prefect server does not start"
            assert self._server.poll() is None, "the Prefect server ended"
            time.sleep(0.2)

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        with (self._folder / "processes.log").open("ab") as log:
            process = subprocess.Popen(
                command, env=self._environment, cwd=ROOT, stdout=log, stderr=log
            )
        self._started.append(process)
        return process


def _run(fields: dict[str, Any], environment: dict[str, str], log: Path) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.environ.update(environment)
    faulthandler.register(signal.SIGUSR1)
    prepare_environment(debug=False)
    # The fork server has imported prefect before, with another environment.
    from prefect.context import refresh_global_settings_context

    from flows.commands.execution import execute

    refresh_global_settings_context()
    sys.exit(execute(fields))
