"""SIGKILL at seeded random moments of a run: of a worker, of the run, of the Prefect server.

Runs are killed and repeated on one store until one comes through; then report and masks are those
of an undisturbed run, and no frame was segmented twice but those since the last checkpoint.
"""

import os
import random
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.faults.moments import MOMENTS
from tests.faults.processes import Deployment
from tests.flows.tiny import OVERRIDES

FRAMES = 12
CURVES = "training_curves.csv"
CHECKPOINT_FRAMES = 4
BOUND_SECONDS = 300.0
"""Limit for the duration of a run, whatever happens to it."""
WARM_UP_SECONDS = 480.0
"""Except the first one, whose workers load torch and compile the metrics."""

pytestmark = [pytest.mark.faults, pytest.mark.timeout(5400)]


class Trials:
    """Runs on the processes of one deployment, and the results of an undisturbed run."""

    def __init__(self, deployment: Deployment, folder: Path) -> None:
        self.deployment = deployment
        self._folder = folder
        self._stores = 0
        self.hits = self.kills = 0
        self.new_store()
        assert self.finish(self.start(), WARM_UP_SECONDS) == 0, deployment.log()
        assert deployment.count_runs() == 1, "the run had another server"
        self.whole = self.results()
        self.new_store()
        run = self.start()
        self.await_work(run)
        started = time.monotonic()
        assert self.finish(run) == 0, deployment.log()
        self.seconds = time.monotonic() - started
        assert self.results() == self.whole, "two undisturbed runs differ"

    def new_store(self) -> None:
        self._stores += 1
        self._store = self._folder / f"store-{self._stores}"
        self.deployment.frame_log.write_text("")
        self.kills = 0

    def hit(self) -> None:
        """A process was killed during a run."""
        self.hits += 1
        self.kills += 1

    def start(self) -> Any:
        """A run of the same command."""
        self._started = time.time()
        return self.deployment.start_run(
            {
                "store": str(self._store),
                "run_id": "run",
                "until": "report",
                "preset": "small",
                "compare": ("propagate",),
                "checkpoint_frames": CHECKPOINT_FRAMES,
                "dask_address": self.deployment.address,
                "overrides": {
                    **OVERRIDES,
                    "compute.threads": "1",
                    "synthetic.frames_val": str(FRAMES),
                },
            }
        )

    def await_work(self, run: Any, moment: float = 0.0) -> bool:
        """Wait until the run works on videos, and a moment longer; return whether it still runs."""
        records = self._store / "runs" / "run" / "videos"
        deadline = time.monotonic() + BOUND_SECONDS
        while run.exitcode is None and not any(
            record.stat().st_mtime > self._started for record in records.glob("*.json")
        ):
            assert time.monotonic() < deadline, self.deployment.log()[-9000:]
            run.join(0.05)
        run.join(moment)
        return run.exitcode is None

    def finish(self, run: Any, bound: float = BOUND_SECONDS) -> int:
        """Exit code of a run, which must end in time."""
        run.join(bound)
        if run.exitcode is None:
            os.kill(run.pid, signal.SIGUSR1)  # it tells where its threads are
            run.join(5)
            run.kill()
            pytest.fail(f"a run hangs after {self.kills} kills:\n{self.deployment.log()[-9000:]}")
        return int(run.exitcode)

    def results(self) -> dict[str, bytes]:
        """Every mask and table of the report; training curves without their times."""
        report = self._store / "runs" / "run" / "report"
        files = [*report.glob("masks/*/*/*.png"), *report.glob("*.csv")]
        assert len(files) > 2 * 2 * FRAMES
        found = {str(file.relative_to(report)): file.read_bytes() for file in files}
        curves = pd.read_csv(report / CURVES, dtype=str).drop(columns=["seconds", "wait"])
        return {**found, CURVES: curves.to_csv().encode()}

    def verify(self) -> None:
        """Check that the store equals an undisturbed one, and that little work was done twice."""
        found = self.results()
        assert found.keys() == self.whole.keys()
        assert [name for name in found if found[name] != self.whole[name]] == []
        seen: dict[str, list[int]] = defaultdict(list)
        for line in self.deployment.frame_log.read_text().splitlines():
            _, what, number = line.split()
            seen[what].append(int(number))
        assert len(seen) == 4, "two presets on two videos"
        for what, frames in seen.items():
            reached = -1
            for frame in frames:
                if frame <= reached:
                    assert reached - frame < CHECKPOINT_FRAMES, f"{what}: {frames}"
                reached = max(reached, frame)
            assert sorted(set(frames)) == list(range(FRAMES)), what
            again = len(frames) - FRAMES
            assert again <= self.kills * CHECKPOINT_FRAMES, f"{what}: {frames}"


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    folder = tmp_path_factory.mktemp("deployment")
    deployment = Deployment(folder)
    try:
        deployment.start()
        yield Trials(deployment, folder)
    finally:
        deployment.close()


def moments(trials: Trials, seed: int) -> Iterator[float]:
    """Yield kill times in seconds after a run started, until enough of them hit an active run."""
    chance = random.Random(seed)
    hits = trials.hits + MOMENTS
    while trials.hits < hits:
        yield chance.uniform(0.0, trials.seconds)


def come_through(trials: Trials, attempts: int = 3) -> None:
    """Repeat the command until it succeeds, and compare."""
    if not trials.kills:
        return  # the last store came through already
    codes = []
    for _ in range(attempts):
        codes.append(trials.finish(trials.start()))
        if codes[-1] == 0:
            break
    assert codes[-1] == 0, trials.deployment.log()[-4000:]
    trials.verify()
    trials.new_store()


def settle(trials: Trials, run: Any) -> None:
    """Let a disturbed run end; take a new store if it succeeded all the same."""
    if trials.finish(run) == 0:
        trials.verify()
        trials.new_store()


def test_the_run_is_killed(trials: Trials) -> None:
    for moment in moments(trials, 1):
        run = trials.start()
        if trials.await_work(run, moment):
            run.kill()
            run.join()
            trials.hit()
        else:
            settle(trials, run)
    come_through(trials)


def test_a_worker_is_killed(trials: Trials) -> None:
    chance = random.Random(4)
    for moment in moments(trials, 2):
        run = trials.start()
        if trials.await_work(run, moment):
            trials.deployment.kill_worker(chance)
            trials.hit()
        settle(trials, run)
    come_through(trials)


def test_the_prefect_server_is_killed(trials: Trials) -> None:
    for moment in moments(trials, 3):
        run = trials.start()
        if trials.await_work(run, moment):
            trials.deployment.kill_server()
            trials.deployment.restart_server()
            trials.hit()
        settle(trials, run)
    come_through(trials)
