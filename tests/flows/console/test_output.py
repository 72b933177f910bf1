"""What commands print at their end."""

import json
from pathlib import Path
from typing import Any

import pytest

from flows.console.output import print_confidence, print_doubtful_rows, print_where
from flows.plan.parameters import BenchmarkParameters
from storage.runs.ledger import RunLedger, StageRecord, VideoRecord
from storage.store.artifacts import ArtifactStore
from tasks.reporting.folder import FIGURES, replace_file, report_folder

MADE, FOUND = StageRecord("done", 1.0), StageRecord("done", reused=True)


@pytest.fixture
def ledger(tmp_path: Path) -> RunLedger:
    return RunLedger(ArtifactStore(str(tmp_path)), "night")


@pytest.mark.parametrize(
    ("driver", "told"),
    [("now", "3 units computed, 1 reused"), ("before", "1 units computed, 3 reused")],
)
def test_training_videos_of_an_earlier_process_were_not_computed_now(
    driver: str, told: str, ledger: RunLedger, capsys: pytest.CaptureFixture[str]
) -> None:
    training = {"ingest": MADE, "flow": MADE}
    ledger.write(VideoRecord("train/a", None, "done", 1, training, driver=driver))
    ledger.write(VideoRecord("parent/small", None, "done", 1, {"train": FOUND}, driver="now"))
    ledger.write(VideoRecord("walk", None, "done", 1, {"ingest": MADE}, driver="now"))
    parameters = BenchmarkParameters(store=str(ledger.location), run_id="night", until="flow")
    print_where(parameters, ledger, 2.0)
    assert f"Run night: {told}, 2 s" in capsys.readouterr().out


def row(video: str, object_id: int, confidence: float, since: str = "", reason: str = "") -> Any:
    figures = {"confidence": confidence, "lost_frames": 2, "area": 0.125}
    return {
        "video": video,
        "object": object_id,
        **figures,
        "doubtful_from": since,
        "reason": reason,
    }


def write(ledger: RunLedger, tmp_path: Path, *rows: Any) -> Path:
    folder = report_folder(ArtifactStore(str(tmp_path)), ledger.location)
    replace_file(folder / FIGURES, json.dumps({"confidence": rows}).encode())
    return folder


def test_one_video_has_a_table_of_all_objects_and_a_line_for_each_doubtful_one(
    ledger: RunLedger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    doubtful = row("walk", 2, 0.5, "00012", "low confidence")
    folder = write(ledger, tmp_path, row("walk", 1, 0.9375), doubtful)
    print_confidence(str(tmp_path), "night")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[3:5]] == [
        ["1", "0.938", "2", "0.125"],
        ["2", "0.500", "2", "0.125"],
    ]
    assert "walk, object 2: low confidence from frame 00012 on; look at it there" in lines
    assert lines[-3].startswith(f"1 of 2 objects are doubtful (all: {folder / 'confidence.csv'}). ")
    assert lines[-2:] == [
        "  maskrnn suggest night",
        "  maskrnn correct night walk --mask 00012=FILE",
    ]


def test_of_many_videos_only_the_doubtful_objects_are_named_the_worst_first(
    ledger: RunLedger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row("a", 1, 0.9), row("b", 1, 0.5, "3", "lost"), row("c", 1, 0.25, "7", "lost")]
    write(ledger, tmp_path, *rows)
    print_confidence(str(tmp_path), "night")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[3:5]] == ["c", "b"]
    assert lines[5:7] == [
        "c, object 1: lost from frame 7 on; look at it there",
        "b, object 1: lost from frame 3 on; look at it there",
    ]


def test_a_good_result_says_so(
    ledger: RunLedger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(ledger, tmp_path, row("a", 1, 0.9), row("b", 1, 0.875))
    print_confidence(str(tmp_path), "night")
    told = capsys.readouterr().out
    assert told == "No object looks doubtful; the lowest confidence is 0.88.\n"


def test_the_worst_videos_of_an_archive_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"id": f"film-{n}", "confidence": n / 10, "lost_share": 0.0} for n in range(7)]
    replace_file(tmp_path / FIGURES, json.dumps({"doubtful": rows}).encode())
    print_doubtful_rows(tmp_path, "films")
    told = capsys.readouterr().out
    assert told.startswith(
        "7 videos may be badly segmented; the lowest confidence: film-0 (0.00), "
    )
    assert "film-4 (0.40). Sort" in told
    assert "film-5" not in told
    assert f"{tmp_path / 'videos.csv'} by confidence" in told
    assert "  maskrnn correct films film-0 --mask FRAME=FILE --out DIR\n" in told


def test_an_archive_without_a_report_or_doubts_has_no_such_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    print_doubtful_rows(tmp_path, "films")
    replace_file(tmp_path / FIGURES, json.dumps({"doubtful": []}).encode())
    print_doubtful_rows(tmp_path, "films")
    assert capsys.readouterr().out == ""
