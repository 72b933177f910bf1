"""What --dry-run says, and that it changes nothing."""

import re
from pathlib import Path
from typing import Any

import pytest

from flows.commands.archive import segment_archive
from flows.commands.execution import execute
from flows.commands.rerun import rerun
from storage.runs.ledger import RunLedger, StageRecord, VideoRecord
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.machine.resources import Machine
from tasks.plan.past_timings import past_timings
from tests.flows.tiny import OVERRIDES as TINY
from tests.tasks.streaming.clips import scenes, write_clip

# Options of a network would give a preset without one a network.
OVERRIDES = {name: value for name, value in TINY.items() if name.startswith("synthetic.")}


def fields(store: Path, **others: Any) -> dict[str, Any]:
    asked = {"preset": "propagate", "compare": (), "until": "segment", "overrides": OVERRIDES}
    return {"store": str(store), "videos": ("val-000",), "run_id": "run", **asked, **others}


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def remember(store: Path, run_id: str, **parameters: Any) -> None:
    """A former run whose units took known times."""
    ledger = RunLedger(ArtifactStore(str(store)), run_id)
    ledger.begin(parameters, "0.1.0")
    for seconds in (10.0, 20.0, 60.0):
        stages = {
            "ingest": StageRecord("done", 3.0),
            "segment small": StageRecord("done", seconds),
            "segment propagate": StageRecord("done", 1.0, reused=True),
        }
        ledger.write(VideoRecord(f"val-{seconds}", None, "done", 1, stages))
    ledger.write(VideoRecord("parent/small", stages={"train": StageRecord("done", 500.0)}))


def test_an_empty_store_has_everything_to_compute_and_nothing_to_estimate_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(fields(tmp_path / "store"), dry_run=True) == 0
    printed = capsys.readouterr().out
    assert "ingest" in printed
    assert "Time unknown: ingest, flow, segment" in printed
    assert re.search(r"Disk: about \d+\.\d MB of ", printed)
    assert not (tmp_path / "store").exists()


def test_after_a_run_nothing_is_left_and_the_next_video_is_estimated_from_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store"
    assert execute(fields(store)) == 0
    before = files(store)
    capsys.readouterr()
    assert execute(fields(store), dry_run=True) == 0
    assert "Nothing to compute." in capsys.readouterr().out
    assert execute(fields(store, videos=("val-000", "val-001")), dry_run=True) == 0
    printed = capsys.readouterr().out
    assert "of worker time" in printed
    assert "Time unknown" not in printed
    assert rerun({"run": "run", "store": str(store), "stage": "segment"}, dry_run=True) == 0
    assert "of worker time" in capsys.readouterr().out
    assert files(store) == before


def test_timings_are_medians_of_units_that_were_computed(tmp_path: Path) -> None:
    remember(tmp_path, "run")
    remember(tmp_path, "films", manifest="films.csv")
    timings = past_timings(ArtifactStore(str(tmp_path)))
    assert timings.of("segment", "small") == 20.0
    assert timings.of("segment", "new") == 20.0
    assert timings.of("train", "small") == 500.0
    assert timings.of("finetune", "small") is None
    assert timings.total({("ingest", ""): 4, ("finetune", "small"): 2}) == (12.0, ["finetune"])
    archives = past_timings(ArtifactStore(str(tmp_path)), archives=True)
    assert archives.seconds.keys() == timings.seconds.keys()


def test_a_run_that_would_be_refused_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.plan.space_check.free_bytes", lambda store: 10)
    with pytest.raises(ParameterError, match="free some space"):
        execute(fields(tmp_path / "store"), dry_run=True)


def test_an_archive_says_which_rows_remain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_clip(tmp_path, scenes(1, 6), [0])
    manifest = tmp_path / "archive.csv"
    manifest.write_text(f"id,video,mask\none,{clip.video},{clip.masks}\n")
    asked = {"store": str(tmp_path / "store"), "preset": "small", "run_id": "films"}
    assert segment_archive(str(manifest), asked, dry_run=True) == 0
    printed = capsys.readouterr().out
    assert "The parent of small must be trained first" in printed
    assert "1 rows: 0 done, 1 to work on" in printed
    remember(tmp_path / "store", "former", manifest="films.csv")
    assert segment_archive(str(manifest), {**asked, "preset": "propagate"}, dry_run=True) == 0
    printed = capsys.readouterr().out
    assert "Time: about 20 s of worker time" in printed
    tiny = Machine(cores=2, memory=1 << 20)
    monkeypatch.setattr("flows.plan.memory_check.this_machine", lambda: tiny)
    with pytest.raises(ParameterError, match="of memory"):
        segment_archive(str(manifest), asked, dry_run=True)
    assert not (tmp_path / "store" / "runs" / "films").exists()
