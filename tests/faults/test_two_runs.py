"""Two whole runs at once on one store: each artifact is made once, and both results are right."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from storage.runs.ledger import RunLedger, StageRecord
from storage.runs.verification import verify_store
from storage.store.artifacts import ArtifactStore
from tests.clusters import ROOT
from tests.faults.moments import MOMENTS
from tests.flows.tiny import OVERRIDES

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]

BOUND_SECONDS = 1200.0
OPTIONS = {
    **OVERRIDES,
    "compute.threads": "1",
    "synthetic.videos_train": "1",
    "synthetic.videos_val": "1",
}
CURVES = "training_curves.csv"


class Runs:
    """Benchmarks on one store, each with a name of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []
        self.store = ArtifactStore(str(folder / "store"))

    def start(self, name: str) -> "subprocess.Popen[bytes]":
        """Start a command."""
        tokens = ["--preset", "small", "--workers", "1", "--compare", "", "--run-id", name]
        tokens += ["--store", self.store.url, "--set"]
        with self.log(name).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "flows.cli.app", "benchmark", *tokens]
                + [f"{key}={value}" for key, value in OPTIONS.items()],
                cwd=self._folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )
        self._started.append(process)
        return process

    def __enter__(self) -> "Runs":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._started:
            process.kill()
            process.wait()

    def log(self, name: str) -> Path:
        """File with the output of a run."""
        return self._folder / f"{name}.log"

    def results(self, name: str) -> dict[str, bytes]:
        """Masks and tables of the report; training curves without their times."""
        report = self._folder / "store" / "runs" / name / "report"
        files = [*report.glob("masks/*/*/*.png"), *report.glob("*.csv")]
        found = {str(file.relative_to(report)): file.read_bytes() for file in files}
        curves = pd.read_csv(report / CURVES, dtype=str).drop(columns=["seconds", "wait"])
        return {**found, CURVES: curves.to_csv().encode()}

    def made(self) -> Counter[tuple[str, str]]:
        """How often the runs of the store made each artifact."""
        runs = [path.name for path in (self._folder / "store" / "runs").iterdir()]
        return Counter(stage.artifacts[-1] for run in runs for stage in self._made_by(run))

    def has_made(self, name: str) -> bool:
        """Whether a run made any artifact itself."""
        return any(self._made_by(name))

    def _made_by(self, name: str) -> Iterator[StageRecord]:
        for record in RunLedger(self.store, name).records():
            for stage in record.stages.values():
                if stage.state == "done" and not stage.reused:
                    yield stage


def test_two_runs_at_once(tmp_path: Path) -> None:
    with Runs(tmp_path / "alone") as alone:
        began = time.monotonic()
        assert alone.start("run").wait(BOUND_SECONDS) == 0, alone.log("run").read_text()
        seconds = time.monotonic() - began
    whole, artifacts = alone.results("run"), set(alone.made())
    chance = random.Random(31)
    rounds, shared = max(1, MOMENTS // 4), 0
    for number in range(rounds):
        with Runs(tmp_path / str(number)) as runs:
            first = runs.start("first")
            time.sleep(chance.uniform(0.0, 0.7 * seconds))
            second = runs.start("second")
            for name, process in (("first", first), ("second", second)):
                assert process.wait(BOUND_SECONDS) == 0, runs.log(name).read_text()
                assert "Traceback" not in runs.log(name).read_text()
                assert runs.results(name) == whole, name
        made = runs.made()
        assert set(made) == artifacts
        assert made.most_common(1)[0][1] == 1, made.most_common(3)
        assert not [item for item in verify_store(runs.store) if item.faults]
        shared += runs.has_made("second")
    print(f"in {shared} of {rounds} rounds both runs made a part; each artifact was made once")
