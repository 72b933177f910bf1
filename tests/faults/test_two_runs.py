"""Two whole runs at once on one store: each artifact is made once, and both results are right."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from storage.runs.ledger import RunLedger
from storage.runs.verification import verify_store
from storage.store.artifacts import ArtifactStore
from tests.clusters import ROOT
from tests.faults.moments import MOMENTS
from tests.flows.tiny import OVERRIDES

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]

BOUND_SECONDS = 600.0
CURVES = "training_curves.csv"


class Runs:
    """Benchmarks on one store, each with a name of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.store = ArtifactStore(str(folder / "store"))

    def start(self, name: str) -> "subprocess.Popen[bytes]":
        """Start a command."""
        options = {**OVERRIDES, "compute.threads": "1"}
        tokens = ["--workers", "1", "--compare", "propagate", "--run-id", name]
        tokens += ["--store", self.store.url, "--set"]
        with self.log(name).open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "flows.cli.app", "benchmark", *tokens]
                + [f"{key}={value}" for key, value in options.items()],
                cwd=self._folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )

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
        return Counter(
            stage.artifacts[-1]
            for run in runs
            for record in RunLedger(self.store, run).records()
            for stage in record.stages.values()
            if stage.state == "done" and not stage.reused
        )


def test_two_runs_at_once(tmp_path: Path) -> None:
    (tmp_path / "alone").mkdir()
    alone = Runs(tmp_path / "alone")
    began = time.monotonic()
    assert alone.start("run").wait(BOUND_SECONDS) == 0, alone.log("run").read_text()
    seconds = time.monotonic() - began
    whole, artifacts = alone.results("run"), set(alone.made())
    chance = random.Random(31)
    shared = 0
    for number in range(max(1, MOMENTS // 4)):
        folder = tmp_path / str(number)
        folder.mkdir()
        runs = Runs(folder)
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
        shared += any(
            stage.state == "done" and not stage.reused
            for record in RunLedger(runs.store, "second").records()
            for stage in record.stages.values()
        )
    print(f"in {shared} of {number + 1} rounds both runs made a part; each artifact was made once")
