"""A command that starts its own workers is interrupted, or killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from storage.runs.ledger import RunLedger
from storage.runs.run_status import run_status
from storage.store.artifacts import ArtifactStore
from tests.flows.tiny import OVERRIDES

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
LONG = {**OVERRIDES, "static.steps": "200000"}


class Command:
    """`maskrnn train` with more work than any test waits for."""

    def __init__(self, folder: Path) -> None:
        self.store = ArtifactStore(str(folder / "store"))
        self.log = folder / "command.log"
        options = ["--workers", "1", "--run-id", "run", "--store", self.store.url]
        changes = ["--set", *(f"{name}={value}" for name, value in LONG.items())]
        unset = {"PREFECT_API_URL"}
        environment = {name: value for name, value in os.environ.items() if name not in unset}
        environment |= {"PREFECT_HOME": str(folder / "prefect"), "PYTHONPATH": str(ROOT)}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "flows.cli.app", "train", *options, *changes],
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def await_training(self) -> list[psutil.Process]:
        """Wait until a worker trains; returns all processes of the command."""
        deadline = time.monotonic() + 400
        while not self._trains():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.5)
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def _trains(self) -> bool:
        if not (Path(self.store.url) / "runs" / "run" / "run.json").exists():
            return False
        return any(
            stage.condition == "running" and name == "train"
            for video in run_status(self.store, "run").records
            for name, stage in video.stages.items()
        )


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    running = Command(tmp_path)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            os.killpg(running.process.pid, signal.SIGKILL)
        running.process.wait()


def left(processes: list[psutil.Process], seconds: float) -> list[str]:
    """Processes that have not ended after the wait."""
    psutil.wait_procs(processes, timeout=seconds)
    return [
        " ".join(process.cmdline())
        for process in processes
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    ]


def test_ctrl_c_ends_a_run_within_seconds_and_the_ledger_says_so(command: Command) -> None:
    processes = command.await_training()
    os.killpg(command.process.pid, signal.SIGINT)  # as a terminal does: to the whole group
    began = time.monotonic()
    assert command.process.wait(90) != 0
    assert time.monotonic() - began < 60
    assert left(processes, 60) == []
    assert "the same command continues" in command.log.read_text()
    record = RunLedger(command.store, "run").read("parent/small")
    assert record is not None
    assert record.state == "failed"
    assert "was cut off" in (record.stages["train"].error or "")
    assert not run_status(command.store, "run").is_driven


def test_a_killed_command_leaves_nothing_behind(command: Command) -> None:
    processes = command.await_training()
    command.process.kill()
    command.process.wait()
    assert left(processes, 90) == []
    status = run_status(command.store, "run")
    assert not status.is_driven
    assert [record.condition for record in status.records].count("stale") == 1
