"""A tracker of another package as a preset: real commands, two workers, one of them killed.

The package is installed into a folder on PYTHONPATH, and found by its entry point.
"""

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest

from storage.kinds.predictions import PREDICTIONS, StoredPrediction
from storage.store.artifacts import ArtifactStore
from tests.flows.tiny import OVERRIDES
from tests.tracker_packages import ROOT, install_example, install_module

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]

FRAMES = 12
MORTAL = """
import os, signal
from maskrnn_template_tracker import PatchTracker

class Mortal(PatchTracker):
    count = 0

    def step(self, frame, mask=None):
        trap = os.environ["TRAP"]
        if self.count == 7 and os.path.exists(trap):
            os.unlink(trap)
            os.kill(os.getpid(), signal.SIGKILL)
        with open(os.environ["LOG"], "a") as log:
            log.write(f"{os.getpid()} {int(frame.sum())}\\n")
        self.count += 1
        return super().step(frame, mask)

class Stateless:
    def __init__(self, search: int = 12):
        self._tracker = Mortal(search)
        self.digest = self._tracker.digest
        self.step = self._tracker.step
"""
"""Dies before its eighth frame if there is a trap, which it takes away; logs process and frame."""


def run(folder: Path, *arguments: str, check: bool = True) -> str:
    """Output of a command."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(folder / "site")]),
        "TRAP": str(folder / "trap"),
        "LOG": str(folder / "log"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def benchmark(folder: Path, store: str, preset: str, *more: str) -> str:
    sizes = {name: value for name, value in OVERRIDES.items() if name.startswith("synthetic")}
    sizes |= {"synthetic.frames_val": str(FRAMES), "tracker.search": "5", "compute.threads": "1"}
    changed = [f"{name}={value}" for name, value in sizes.items()]
    return run(
        folder,
        *("benchmark", "--preset", preset, "--compare", "", "--workers", "2"),
        *("--store", store, "--run-id", "run", "--checkpoint-frames", "4", *more),
        *("--set", *changed),
    )


def predictions(folder: Path, store: str) -> dict[str, list[bytes]]:
    """Label maps of all videos by the key of the prediction."""
    opened = ArtifactStore(str(folder / store))
    found = {key: StoredPrediction(opened, key) for key in opened.keys(PREDICTIONS)}
    return {
        key: [prediction.label_map(i).tobytes() for i in range(prediction.frame_count)]
        for key, prediction in found.items()
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the packages installed in `site`."""
    (tmp_path / "site").mkdir()
    install_example(tmp_path / "site", "template")
    trackers = {"mortal": "Mortal", "stateless": "Stateless"}
    install_module(tmp_path / "site", "mortal_trackers", MORTAL, trackers)
    return tmp_path


@pytest.mark.parametrize(("preset", "again"), [("mortal", 3), ("stateless", 7)])
def test_a_killed_worker_is_replaced_and_the_video_resumed(
    folder: Path, preset: str, again: int
) -> None:
    benchmark(folder, "whole", preset, "--until", "segment")
    (folder / "log").unlink()
    (folder / "trap").touch()
    benchmark(folder, "disturbed", preset, "--until", "segment")
    assert not (folder / "trap").exists(), "no worker was killed"
    assert predictions(folder, "disturbed") == predictions(folder, "whole")
    assert len(predictions(folder, "whole")) == 2

    processes: defaultdict[str, set[str]] = defaultdict(set)
    lines = (folder / "log").read_text().splitlines()
    for line in lines:
        process, frame = line.split()
        processes[frame].add(process)
    assert len(processes) == 2 * FRAMES
    # The saved state is that after the fourth frame; without one all seven are seen again.
    assert len(lines) - 2 * FRAMES == again
    assert sum(len(seen) == 2 for seen in processes.values()) == again


def test_report_rerun_and_another_option(folder: Path) -> None:
    benchmark(folder, "store", "patch")
    report = folder / "store" / "runs" / "run" / "report"
    rows = pd.read_csv(report / "dataset.csv")
    assert set(rows["preset"]) == {"patch"}
    assert "patch" in (report / "summary.md").read_text()
    before = predictions(folder, "store")
    assert len(before) == 2
    run(folder, "rerun", "run", "--store", "store")
    assert predictions(folder, "store") == before
    benchmark(folder, "store", "patch", "--set", "tracker.search=2")
    assert len(predictions(folder, "store")) == 4

    listed = run(folder, "doctor")
    assert "patch (maskrnn-template-tracker 0.1.0)" in listed
    (folder / "site" / "maskrnn_template_tracker.py").write_text("import nowhere\n")
    refused = run(folder, "rerun", "run", "--store", "store", check=False)
    assert "the tracker patch of maskrnn-template-tracker 0.1.0 cannot be loaded" in refused


def test_an_archive_and_evaluate(folder: Path) -> None:
    from tests.tasks.streaming.clips import scenes, write_clip

    for number, scene in enumerate(scenes(2, 6)):
        write_clip(folder / f"film-{number}", [scene], [0])
    rows = [
        f"film-{n},{folder}/film-{n}/clip.mkv,{folder}/film-{n}/masks,,"  # start and end are open
        for n in range(2)
    ]
    (folder / "films.csv").write_text("\n".join(["id,video,mask,start,end", *rows]) + "\n")
    arguments = ("--preset", "patch", "--store", "store", "--workers", "2", "--run-id", "films")
    run(folder, "archive", "films.csv", *arguments)
    found = predictions(folder, "store")
    assert len(found) == 2
    assert run(folder, "archive", "films.csv", *arguments)
    assert predictions(folder, "store") == found
