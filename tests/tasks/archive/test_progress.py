"""Progress of a run: numbers, line, file, report."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from flows.commands.archive_status import ArchiveStatus
from storage.archive.offences import Offence
from storage.archive.progress_file import (
    ArchiveProgress,
    duration,
    expect_rows,
    read_progress,
)
from storage.errors import StoreAccessError
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.archive.plan import ArchivePlan
from tasks.archive.progress import ProgressWatcher
from tasks.archive.report import stage_shares, write_report
from tasks.archive.results import Results
from tasks.archive.rows import ArchiveRow, RowResult
from tests.tasks.archive.conftest import RUN

MakeTable = Callable[..., pd.DataFrame]


class Clock:
    """A clock that moves only on demand."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def row(index: int) -> ArchiveRow:
    return ArchiveRow(index, f"clip-{index}", "v.mp4", "m.png", None, None, "request", 1)


def watcher(
    store: ArtifactStore, table: pd.DataFrame, clock: Clock, *settled: RowResult
) -> ProgressWatcher:
    count = len(table)
    order = [n for n in range(count) if n not in {result.index for result in settled}]
    plan = ArchivePlan(table, ["r"] * count, order, [1] * count, settled)
    return ProgressWatcher(store, RUN, Results(count), plan, clock)


def test_a_store_that_is_away_for_a_moment_does_not_end_the_run(
    store: ArtifactStore, table: MakeTable, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    watching = watcher(store, table("clip-0"), clock)
    watching.ended(row(0), RowResult(0, "done", 30.0, "w", 1, "k"))
    clock.time += 10.0
    with pytest.MonkeyPatch.context() as patch:

        def away(*_: object) -> None:
            raise StoreAccessError("the store does not answer")

        patch.setattr("storage.files.folder.Folder.write", away)
        watching.look()
    assert "does not answer" in caplog.text
    assert _done(store) == 0
    clock.time += 10.0
    watching.look()
    assert _done(store) == 1


def _done(store: ArtifactStore) -> int:
    progress = read_progress(store, RUN)
    assert progress is not None
    return progress.done


def test_a_grown_archive_is_not_done_from_the_first_moment_on(
    store: ArtifactStore, table: MakeTable
) -> None:
    before = RowResult(0, "done", 9.0, "w", 1, "k")
    info = RunLedger(store, RUN).begin({"manifest": "table.csv"}, "0")
    watcher(store, table("clip-0"), Clock(), before)
    assert ArchiveStatus(store, info).state == "done"
    expect_rows(store, RUN, 1)
    assert ArchiveStatus(store, info).state == "done"
    expect_rows(store, RUN, 2)  # killed while the parent is trained
    assert ArchiveStatus(store, info).state == "stopped before its end"
    assert _done(store) == 1
    Path(store.url, "runs", RUN, "progress.json").write_bytes(b"{")
    expect_rows(store, RUN, 2)
    watcher(store, table("clip-0", "clip-1"), Clock(), before)  # killed before the first row
    assert ArchiveStatus(store, info).state == "stopped before its end"
    assert _done(store) == 1


def test_the_line_has_rate_time_left_cost_and_share_of_failures(
    store: ArtifactStore, table: MakeTable, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    before = RowResult(0, "done", 9.0, "w", 1, "k")
    watching = watcher(store, table(*(f"clip-{n}" for n in range(8))), clock, before)
    with caplog.at_level("INFO", "maskrnn"):
        for index in (1, 2, 3):
            clock.time += 20.0
            state = RowResult(index, "done", 30.0, "w", 1, "k")
            if index == 3:
                state = RowResult(index, "failed", 30.0, "w", 1, error="frame 3 is torn")
            watching.ended(row(index), state)
            watching.look()
    line = watching.progress().line()
    assert line == (
        "4 of 8 rows (50.0%), 3 done, 1 failed (25.0%), 1 before this run, 3.0 rows per minute, "
        "80 s left, 60 s so far, 90 s of workers"
    )
    assert "clip-3 failed: frame 3 is torn" in caplog.text
    assert "3 of 8 rows" in caplog.text
    found = read_progress(store, RUN)
    assert found is not None
    assert (found.done, found.failed, found.is_over) == (3, 1, False)
    assert [(failure.id, failure.error) for failure in found.failures] == [
        ("clip-3", "frame 3 is torn")
    ]


def test_no_time_left_is_told_before_a_row_is_done_in_this_start(
    store: ArtifactStore, table: MakeTable
) -> None:
    clock = Clock()
    before = RowResult(0, "done", 9.0, "w", 1, "k")
    watching = watcher(store, table(*(f"clip-{n}" for n in range(4))), clock, before)
    clock.time += 1.0
    watching.ended(row(1), RowResult(1, "failed", 0.1, "w", 1, error="the mask has another size"))
    for _ in range(3):
        clock.time += 5.0
        watching.look()
        assert "left" not in watching.progress().line()
    watching.ended(row(2), RowResult(2, "done", 15.0, "w", 1, "k"))
    assert "8 s left" in watching.progress().line()


def test_lines_become_rarer_and_failures_are_not_all_logged(
    store: ArtifactStore, table: MakeTable, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    watching = watcher(store, table(*(f"clip-{n}" for n in range(50))), clock)
    with caplog.at_level("INFO", "maskrnn"):
        for index in range(50):
            watching.ended(row(index), RowResult(index, "failed", 1.0, "w", 1, error="no"))
        for _ in range(3600):
            clock.time += 1.0
            watching.look()
        watching.finish()
        clock.time += 1000.0
    assert sum("failed: no" in record.getMessage() for record in caplog.records) == 20
    assert "further failures: maskrnn status archive" in caplog.text
    assert sum("of 50 rows" in record.getMessage() for record in caplog.records) < 120
    assert watching.progress().seconds == 3600.0


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.4, "3 s"), (187, "3:07 min"), (26 * 3600 + 600, "26:10 h")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_shares_of_stages_count_rows_that_were_computed(table: MakeTable) -> None:
    results = Results(3)
    figures = {"decode": 1.0, "segment": 5.0}
    results.put(RowResult(0, "done", 8.0, "w", 1, "k", figures=figures), now=True)
    results.put(RowResult(1, "done", 1.0, "w", 1, "k", True, figures=figures), now=True)
    results.put(RowResult(2, "failed", 50.0, "w", 1, error="no"), now=True)
    shares = stage_shares(results.table(table("a", "b", "c"))).set_index("stage")
    assert shares.loc["segment", "share"] == 5 / 8
    assert shares.loc["rest", "seconds"] == 2.0
    assert shares["share"].sum() == 1.0


def test_the_report_names_what_failed_and_what_was_left_out(
    table: MakeTable, tmp_path: Path
) -> None:
    results = Results(2)
    results.put(RowResult(0, "done", 8.0, "w", 1, "k", figures={"frames": 9.0}), now=True)
    results.put(RowResult(1, "failed", 1.0, "w", 1, error="frame 3 is torn"), now=True)
    progress = ArchiveProgress(2, 1, 1, 0, 4.0, 9.0, 1.0)
    left_out = [Offence(3, "video", "x.mp4", "is not there")]
    rows = results.table(table("a", "b"))
    text = write_report(tmp_path, RUN, rows, progress, left_out, {"preset": "small"}, "key")
    for part in (
        "1 of 2 rows done, **1 failed**.",
        "- **b** (row 2): frame 3 is torn",
        "- row 3, video 'x.mp4': is not there",
        "9 frames, 2.2 per second",
        "Parent: `key`",
    ):
        assert part in text
    assert (tmp_path / "summary.md").read_text() == text
    assert json.loads((tmp_path / "summary.json").read_text())["left_out"] == 1
    read = pd.read_csv(tmp_path / "videos.csv")
    assert read["state"].tolist() == ["done", "failed"]


def test_the_report_names_what_to_look_at_the_worst_first(table: MakeTable, tmp_path: Path) -> None:
    results = Results(5)
    trust = {"a": (0.9, 0.0), "b": (0.4, 0.0), "c": (0.85, 0.05), "d": (0.3, 0.9)}
    for index, (confidence, lost) in enumerate(trust.values()):
        figures = {"confidence": confidence, "lost_share": lost, "area": 0.25}
        figures["doubtful_share"] = 0.6 if index == 2 else 0.0
        note = "object 1 has one pixel." if index == 0 else ""
        result = RowResult(index, "done", 1.0, "w", 1, "k", figures=figures, note=note)
        results.put(result, now=True)
    results.put(RowResult(4, "failed", 1.0, "w", 1, error="torn"), now=True)
    rows = results.table(table(*trust, "e"))
    progress = ArchiveProgress(5, 4, 1, 0, 4.0, 9.0, 1.0)
    text = write_report(tmp_path, RUN, rows, progress, [], {}, None)
    assert "3 videos may be badly segmented" in text
    listed = [line.split("|")[1].strip() for line in text.splitlines() if "0.250" in line]
    assert listed == ["d", "b", "c"]
    assert "- **a**: object 1 has one pixel." in text
    told = json.loads((tmp_path / "summary.json").read_text())["doubtful"]
    assert [row["id"] for row in told] == ["d", "b", "c"]
    by_confidence = pd.read_csv(tmp_path / "videos.csv").sort_values("confidence")
    assert by_confidence["id"].tolist() == ["d", "b", "c", "a", "e"]
