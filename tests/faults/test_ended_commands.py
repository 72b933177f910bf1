"""A command that uses only its own processes is ended at seeded moments."""

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.faults.moments import MOMENTS
from tests.flows.tiny import OVERRIDES

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]

ROOT = Path(__file__).resolve().parents[2]
MARK = "MASKRNN_FAULT_TRIAL"
"""Environment of a command and of all that it starts."""
BOUND_SECONDS = 300.0


class Trials:
    """A small benchmark that is ended, and the processes that remain."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.seconds = 0.0
        self.log = folder / "command.log"

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the command as leader of a new process group, with a new store."""
        self.mark = uuid.uuid4().hex
        own = {"PREFECT_HOME": str(self._folder / "prefect"), "PYTHONPATH": str(ROOT)}
        unnamed = {key: value for key, value in os.environ.items() if key != "PREFECT_API_URL"}
        options = ["--workers", "1", "--preset", "propagate", "--compare", ""]
        drawn = [f"{key}={value}" for key, value in OVERRIDES.items() if key.startswith("syn")]
        options += ["--store", str(self._folder / self.mark), "--set", *drawn]
        with self.log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "flows.cli.app", "benchmark", *options],
                cwd=self._folder,
                env={**unnamed, **own, MARK: self.mark},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def left(self, seconds: float) -> list[str]:
        """Command lines of its processes that still run after this many seconds."""
        deadline = time.monotonic() + seconds
        while (alive := self._alive()) and time.monotonic() < deadline:
            time.sleep(0.2)
        return alive

    def _alive(self) -> list[str]:
        found = []
        for process in psutil.process_iter():
            try:
                marked = process.environ().get(MARK) == self.mark
                if marked and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(" ".join(process.cmdline()))
            except psutil.Error:
                continue
        return found

    def moments(self, seed: int) -> Iterator[float]:
        """Moments in seconds after the start, before the end of the run.

        The first lies in its first half: a run may be faster than the ones that were timed, and at
        least one command must be at work.
        """
        chance = random.Random(seed)
        for number in range(MOMENTS):
            yield chance.uniform(0.0, self.seconds if number else self.seconds / 2)


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Trials:
    running = Trials(tmp_path_factory.mktemp("ended"))
    took = []
    for _ in range(2):  # the first one also compiles and fills caches
        began = time.monotonic()
        assert running.start().wait(BOUND_SECONDS) == 0, running.log.read_text()
        took.append(time.monotonic() - began)
        assert running.left(30) == []
    running.seconds = min(took)
    return running


def test_a_killed_command_leaves_no_process_behind(trials: Trials) -> None:
    hits = 0
    for moment in trials.moments(11):
        command = trials.start()
        time.sleep(moment)
        hits += command.poll() is None
        command.kill()
        command.wait()
        assert trials.left(60) == [], f"after {moment:.1f} of {trials.seconds:.1f} s"
    print(f"{hits} of {MOMENTS} commands were at work when they were killed; nothing was left")
    assert hits > 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_command_whose_process_group_is_told_to_end(
    trials: Trials, number: signal.Signals
) -> None:
    took, tracebacks = [], []
    for moment in trials.moments(int(number)):
        command = trials.start()
        time.sleep(moment)
        if command.poll() is not None:
            continue
        began = time.monotonic()
        os.killpg(command.pid, number)
        command.wait(BOUND_SECONDS)
        assert trials.left(60) == [], f"after {moment:.1f} of {trials.seconds:.1f} s"
        took.append(time.monotonic() - began)
        if "Traceback" in (told := trials.log.read_text()):
            tracebacks.append(f"after {moment:.1f} of {trials.seconds:.1f} s:\n{told}")
    assert took, "no command was at work"
    print(f"{len(took)} of {MOMENTS} commands ended in {min(took):.1f} to {max(took):.1f} s")
    assert not tracebacks, tracebacks[0]
    assert max(took) < 30
