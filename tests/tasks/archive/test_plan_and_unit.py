"""A worker's unit writes rows into the ledger; the plan reads the remaining rows from it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from storage.errors import LeaseLostError
from storage.kinds.predictions import PREDICTIONS
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.archive.plan import ArchivePlan, plan_rows
from tasks.archive.records import ended_record, running_record
from tasks.archive.results import Results
from tasks.archive.rows import ArchiveMethod, RowResult
from tasks.archive.unit import RowWork, segment_rows
from tests.tasks.archive.conftest import RUN, marks

pytestmark = pytest.mark.usefixtures("segmentation")

MakeTable = Callable[..., pd.DataFrame]


def plan(
    store: ArtifactStore, table: pd.DataFrame, method: ArchiveMethod, leave_failed: bool = False
) -> ArchivePlan:
    return plan_rows(store, RunLedger(store, RUN), table, method.digest, leave_failed=leave_failed)


def names(found: ArchivePlan) -> Sequence[str]:
    return [row.id for row in found.rows()]


def test_rows_end_each_with_a_record_of_its_own(
    store: ArtifactStore, table: MakeTable, work: RowWork
) -> None:
    rows = list(plan(store, table("a", "bad-b", "busy-9"), work.method).rows())
    done, bad, busy = sorted(segment_rows(work, rows), key=lambda result: result.index)
    assert (done.state, bad.state, busy.state) == ("done", "failed", "pending")
    assert store.exists(PREDICTIONS, done.key)
    assert bad.error == "frame 3 is torn"
    records = {record.video: record for record in RunLedger(store, RUN).records()}
    stage = records["a"].stages["segment propagate"]
    assert stage.artifacts == ((PREDICTIONS, done.key),)
    assert stage.figures["frames"] == 5
    assert stage.figures["decode"] == 0.25
    assert stage.seconds > 0
    assert "torn" in (records["bad-b"].stages["segment propagate"].traceback or "")
    assert [records[name].attempt for name in ("a", "bad-b", "busy-9")] == [1, 1, 1]


def test_only_what_is_missing_failed_or_new_is_left(
    store: ArtifactStore, table: MakeTable, work: RowWork, tmp_path: Path
) -> None:
    method = work.method
    first = plan(store, table("a", "b", "bad-c"), method)
    results = segment_rows(work, list(first.rows()))
    assert names(plan(store, table("a", "b", "bad-c"), method)) == ["bad-c"]
    grown = plan(store, table("a", "b", "bad-c", "d"), method, leave_failed=True)
    assert names(grown) == ["d"]
    assert sorted(result.index for result in grown.settled) == [0, 1, 2]
    store.remove(PREDICTIONS, results[0].key)
    assert sorted(names(plan(store, table("a", "b", "bad-c"), method, leave_failed=True))) == ["a"]


def test_another_method_or_span_or_file_is_another_request(
    store: ArtifactStore, table: MakeTable, work: RowWork, tmp_path: Path
) -> None:
    method = work.method
    segment_rows(work, list(plan(store, table("a", "b"), method).rows()))
    unchanged = table("a", "b")
    assert names(plan(store, unchanged, method)) == []
    assert names(plan(store, unchanged, replace(method, short_side=64))) == ["a", "b"]
    assert names(plan(store, unchanged.assign(start=[1.0, float("nan")]), method)) == ["a"]
    mask = tmp_path / "b-mask.png"
    mask.write_bytes(mask.read_bytes() + b"\0")
    (again,) = plan(store, table("a", "b"), method).rows()
    assert (again.id, again.attempt) == ("b", 1)


def test_a_frame_written_over_in_its_folder_is_another_request(
    store: ArtifactStore, table: MakeTable, work: RowWork, tmp_path: Path
) -> None:
    segment_rows(work, list(plan(store, table("a", "b"), work.method).rows()))
    before = (tmp_path / "a").stat().st_mtime_ns
    with (tmp_path / "a" / "00000.png").open("ab") as file:
        file.write(b"\0")
    assert (tmp_path / "a").stat().st_mtime_ns == before
    assert names(plan(store, table("a", "b"), work.method)) == ["a"]


def test_a_prediction_that_was_taken_over_is_worth_another_try(
    store: ArtifactStore, table: MakeTable, work: RowWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(*_: object) -> None:
        raise LeaseLostError("another writer took it over")

    monkeypatch.setattr("tasks.units.stream.segment_stream", overtaken)
    (result,) = segment_rows(work, list(plan(store, table("a"), work.method).rows()))
    assert result.state == "pending"


def test_a_prediction_that_is_there_is_taken(
    store: ArtifactStore, table: MakeTable, work: RowWork
) -> None:
    rows = list(plan(store, table("a"), work.method).rows())
    (first,) = segment_rows(work, rows)
    (second,) = segment_rows(replace(work, run_id="other"), rows)
    assert (first.reused, second.reused, second.key) == (False, True, first.key)
    assert (first.figures["confidence"], second.figures["confidence"]) == (0.5, 0.75)
    assert marks(store) == {"a": 1}


def test_what_a_person_should_check_is_kept_in_the_ledger(
    store: ArtifactStore, table: MakeTable, work: RowWork
) -> None:
    rows = table("a", "odd-b")
    segment_rows(work, list(plan(store, rows, work.method).rows()))
    results = Results(2)
    for settled in plan(store, rows, work.method).settled:
        results.put(settled, now=False)
    found = results.table(rows)
    assert found["note"].tolist() == ["", "object 1 has one pixel."]
    assert found[["confidence", "lost_share", "area"]].values.tolist() == [[0.5, 0.2, 0.1]] * 2


def test_a_prediction_in_other_hands_is_left_to_them(
    store: ArtifactStore, table: MakeTable, work: RowWork
) -> None:
    rows = list(plan(store, table("a"), work.method).rows())
    (made,) = segment_rows(work, rows)
    store.remove(PREDICTIONS, made.key)
    lease = store.lease(PREDICTIONS, made.key)
    assert lease is not None
    with lease:
        (result,) = segment_rows(replace(work, driver="another"), rows)
    assert (result.state, result.obstacle) == ("pending", "held")
    assert "is making the same" in (result.error or "")


def test_a_slice_that_comes_again_does_nothing_twice(
    store: ArtifactStore, table: MakeTable, work: RowWork
) -> None:
    rows = list(plan(store, table("a", "b", "c"), work.method).rows())
    segment_rows(work, rows[:1])
    RunLedger(store, RUN).write(running_record(rows[1], work.driver, "propagate", "host 1"))
    first, second, third = segment_rows(work, rows)
    assert (first.state, second.obstacle, third.state) == ("done", "died", "done")
    assert marks(store) == {"a": 1, "c": 1}


def test_a_record_without_a_prediction_is_not_done(
    store: ArtifactStore, table: MakeTable, work: RowWork
) -> None:
    (row,) = plan(store, table("a"), work.method).rows()
    nothing = RowResult(row.index, "done", 1.0, "w", 1)
    RunLedger(store, RUN).write(ended_record(row, nothing, "driver", "propagate"))
    assert names(plan(store, table("a"), work.method)) == ["a"]


def test_the_ledger_may_be_elsewhere(table: MakeTable, work: RowWork) -> None:
    store = ArtifactStore("memory://archive-ledger/store")
    work = replace(work, store_url=store.url)
    segment_rows(work, list(plan(store, table("a", "b", "bad-c"), work.method).rows()))
    found = plan(store, table("a", "b", "bad-c"), work.method)
    assert names(found) == ["bad-c"]
    assert [result.index for result in found.settled] == [0, 1]
    store.folder.remove("")


def test_the_order_is_by_priority_then_by_size(
    store: ArtifactStore, table: MakeTable, method: ArchiveMethod
) -> None:
    found = table("a", "b", "c", "d", priority=[0, 1, 0, 0]).assign(bytes=[5, 0, 7, 5])
    assert names(plan(store, found, method)) == ["b", "c", "a", "d"]


def test_results_become_a_row_per_row(table: MakeTable) -> None:
    found = table("a", "b", "c")
    results = Results(3)
    results.put(RowResult(1, "done", 2.0, "w", 1, "k", figures={"frames": 7.0}), now=True)
    results.put(RowResult(2, "failed", 1.0, "w", 2, error="no"), now=False)
    rows = results.table(found)
    assert rows["state"].tolist() == ["pending", "done", "failed"]
    assert rows["now"].tolist() == [False, True, False]
    assert rows["frames"].tolist()[1] == 7.0
    assert results.failed(found["id"].tolist()) == {"c": "no"}
