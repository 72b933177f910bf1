"""Whole runs on real worker processes: complete, repeated, failed in part, mended."""

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from flows.cli import run_commands
from flows.commands.execution import execute
from flows.console.options import StoreOptions
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tests.flows.tiny import OVERRIDES

pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("prefect_server")]


def fields(store: Path, **others: Any) -> dict[str, Any]:
    return {
        "store": str(store),
        "preset": "small",
        "overrides": OVERRIDES,
        "run_id": "run",
        "until": "report",
        **others,
    }


def test_a_run_is_complete_and_its_repetition_reuses_everything(
    tmp_path: Path, started: list[str], scheduler: str
) -> None:
    store = tmp_path / "store"
    assert execute(fields(store, workers=2)) == 0
    report = store / "runs" / "run" / "report"
    figures = json.loads((report / "summary.json").read_text())
    assert [row["preset"] for row in figures["presets"]] == ["small", "propagate", "first-frame"]
    assert all(0 <= row["J_mean"] <= 1 for row in figures["presets"])
    assert figures["failures"] == []
    per_frame = pd.read_parquet(report / "per_frame.parquet")
    assert per_frame.equals(pd.read_csv(report / "per_frame.csv", dtype={"frame_name": str}))
    assert {path.name for path in (report / "masks" / "small" / "val-000").iterdir()} == {
        f"{index:05d}.png" for index in range(5)
    }
    assert (report / "overlays" / "val-001_sheet.jpg").stat().st_size > 0
    assert (report / "plots" / "val-001_J.png").stat().st_size > 0
    assert "val-001" in (report / "report.html").read_text()
    assert len(list((report / "media").glob("*.js"))) == 2
    summary = (report / "summary.md").read_text()
    assert "all 2 videos of the synthetic train split" in summary
    # 4 videos x (ingest, flow), 1 parent, 3 objects, 2 videos x 3 presets x (segment, evaluate)
    assert len(started) == 8 + 1 + 3 + 12

    masks = {path: path.read_bytes() for path in report.glob("masks/*/*/*.png")}
    tables = (report / "per_frame.csv").read_bytes()
    started.clear()
    assert execute(fields(store)) == 0
    assert started == []
    assert {path: path.read_bytes() for path in report.glob("masks/*/*/*.png")} == masks
    assert (report / "per_frame.csv").read_bytes() == tables

    shutil.rmtree(report)
    assert run_commands.report("run", anew=True, store=StoreOptions(store=str(store))) == 0
    assert started == []
    assert {path: path.read_bytes() for path in report.glob("masks/*/*/*.png")} == masks
    assert (report / "per_frame.csv").read_bytes() == tables
    again = json.loads((report / "summary.json").read_text())
    assert {name: again[name] for name in ("presets", "sequences", "notes", "videos")} == {
        name: figures[name] for name in ("presets", "sequences", "notes", "videos")
    }
    assert "Parent of small: `" in (report / "summary.md").read_text()

    started.clear()
    overrides = {**OVERRIDES, "inference.threshold": "0.4"}
    assert execute(fields(store, overrides=overrides, dask_address=scheduler)) == 0
    assert sorted({name.rsplit(" ", 1)[0] for name in started}) == [
        "evaluate small",
        "segment small",
    ]


def test_a_broken_video_fails_alone_and_is_mended(
    tmp_path: Path,
    davis: Path,
    scheduler: str,
    started: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = tmp_path / "store"
    frame = davis / "JPEGImages" / "480p" / "val-001" / "00002.jpg"
    whole = frame.read_bytes()
    frame.write_bytes(whole[: len(whole) // 2])
    asked = fields(
        store,
        dataset="davis2017",
        root=str(davis),
        compare=("propagate",),
        train_videos=1,
        dask_address=scheduler,
    )
    assert execute(asked) == 1
    errors = capsys.readouterr().err
    assert "val-001, ingest" in errors
    assert "00002.jpg" in errors
    report = store / "runs" / "run" / "report"
    summary = (report / "summary.md").read_text()
    assert "2 of 3 videos done, **1 failed**" in summary
    assert "the first 1 of 2 videos of the davis2017 train split" in summary
    states = {r.video: r.state for r in RunLedger(ArtifactStore(str(store)), "run").records()}
    assert states["val-001"] == "failed"
    assert states["val-000"] == states["val-002"] == states["parent/small"] == "done"

    frame.write_bytes(whole)
    started.clear()
    assert execute(asked) == 0
    assert started
    assert all("val-001" in name for name in started)
    assert "3 of 3 videos done." in (report / "summary.md").read_text()


def test_without_a_train_split_the_parent_says_what_it_was_trained_on(
    tmp_path: Path, davis: Path, scheduler: str, caplog: pytest.LogCaptureFixture
) -> None:
    (davis / "ImageSets" / "2017" / "train.txt").unlink()
    asked = fields(
        tmp_path / "store",
        dataset="davis2017",
        root=str(davis),
        videos=("val-000",),
        overrides={key: OVERRIDES[key] for key in OVERRIDES if key != "synthetic.size"},
        until="segment",
        resolution=40,
        compare=(),
        dask_address=scheduler,
    )
    with caplog.at_level(logging.INFO, "maskrnn"):
        assert execute(asked) == 0
    assert "synthetic train split, because davis2017" in caplog.text
    masks = tmp_path / "store" / "runs" / "run" / "report" / "masks" / "small" / "val-000"
    assert len(list(masks.iterdir())) == 5


def test_stages_can_be_run_by_themselves(
    tmp_path: Path, scheduler: str, started: list[str]
) -> None:
    store = tmp_path / "store"
    for stage in ("ingest", "flow"):
        asked = fields(store, until=stage, run_id=stage, dask_address=scheduler)
        assert execute(asked) == 0
    assert sorted(started) == ["flow val-000", "flow val-001", "ingest val-000", "ingest val-001"]
    assert execute(fields(store, until="train", run_id="train", dask_address=scheduler)) == 0
    assert "train parent/small" in started
    assert not any(name.startswith(("finetune", "segment")) for name in started)


def test_a_preset_that_learns_from_the_first_frame_alone_opens_no_training_video(
    tmp_path: Path, started: list[str], scheduler: str
) -> None:
    offline = ("static.", "recurrent.")
    overrides = {key: text for key, text in OVERRIDES.items() if not key.startswith(offline)}
    asked = fields(tmp_path / "store", preset="lucid", compare=(), overrides=overrides, workers=1)
    assert execute(asked) == 0
    figures = json.loads((tmp_path / "store/runs/run/report/summary.json").read_text())
    assert [row["preset"] for row in figures["presets"]] == ["lucid"]
    assert not [name for name in started if "train-" in name]
    started.clear()
    assert execute(asked) == 0
    assert started == []
