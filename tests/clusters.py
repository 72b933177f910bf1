"""A Dask cluster as operators start it: a scheduler, and workers that share only a store."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from tests.processes import stop

ROOT = Path(__file__).resolve().parents[1]


class DaskCluster:
    """Separate processes; each worker has its own working directory and temporary folder.

    Args:
        folder: for all that they write.
        environment: of all processes.
        workers: how many.
        options: further arguments of `dask worker`.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        workers: int = 2,
        options: Sequence[str] = (),
    ) -> None:
        self._folder = folder
        self._environment = {
            "PYTHONPATH": str(ROOT),
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
            "DASK_LOGGING__DISTRIBUTED": "critical",
            **environment,
        }
        self._count = workers
        self._options = tuple(options)
        self._started: list[subprocess.Popen[bytes]] = []
        self.address = ""

    def start(self) -> None:
        """Start everything; the address is known when this returns."""
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / "scheduler.json"
        serving = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        self._start("scheduler", [*serving, "--scheduler-file", str(file)])
        self.address = str(_when_there(file)["address"])
        offering = ["--nthreads", "1", "--no-dashboard", "--resources", "GPU=1 CPU=1"]
        for number in range(self._count):
            joining = [self.address, *offering, *self._options]
            self._start("worker", joining, f"worker-{number}")

    def kill_worker(self, chance: random.Random) -> None:
        """Kill one of the workers with SIGKILL; its nanny starts another one."""
        deadline = time.monotonic() + 60
        while not (workers := self._workers()):
            assert time.monotonic() < deadline, "killed workers do not come back"
            time.sleep(0.1)
        chance.choice(workers).kill()

    def close(self) -> None:
        """End all processes."""
        for process in reversed(self._started):
            stop(process)

    def _workers(self) -> list[psutil.Process]:
        nannies = [psutil.Process(process.pid) for process in self._started[1:]]
        children = [child for nanny in nannies for child in nanny.children()]
        return [child for child in children if "spawn_main" in " ".join(_line(child))]

    def _start(self, what: str, arguments: list[str], name: str = "") -> None:
        own = self._folder / (name or what)
        temporary = own / "tmp"
        temporary.mkdir(parents=True)
        if name:
            arguments = [*arguments, "--local-directory", str(temporary)]
        with (own / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", what, *arguments],
                env={**self._environment, "TMPDIR": str(temporary)},
                cwd=own,
                stdout=log,
                stderr=log,
            )
        self._started.append(process)


def _line(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def _when_there(file: Path) -> Any:
    deadline = time.monotonic() + 60
    while not file.exists() or not file.stat().st_size:  # it is made first, then written
        assert time.monotonic() < deadline, "the Dask scheduler does not start"
        time.sleep(0.1)
    return json.loads(file.read_bytes())
