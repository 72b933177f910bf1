"""Rows on two real workers that die: finished rows stay; only the row that killed one fails."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pandas as pd
import pytest

from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.archive.dispatch import Dispatcher
from tasks.archive.plan import plan_rows
from tasks.archive.rows import ArchiveRow, RowResult
from tasks.archive.slices import RowQueue
from tasks.archive.unit import RowWork
from tasks.dask_bridge import Bridge
from tasks.errors import BridgeError
from tests.retries import retry_at_once
from tests.tasks.archive.conftest import RUN, marks, stand_in, stored_stand_in

pytestmark = pytest.mark.timeout(240)


class Witness:
    """Keeps what has ended."""

    def __init__(self) -> None:
        self.results: dict[str, RowResult] = {}
        self.looks = 0

    def ended(self, row: ArchiveRow, result: RowResult) -> None:
        assert row.id not in self.results
        self.results[row.id] = result

    def look(self) -> None:
        self.looks += 1


class StandInBridge(Bridge):
    """Real workers, on which the stand-in takes the place of the segmentation."""

    def run(self, unit: Callable[..., object], *args: object, **kwargs: object) -> object:  # type: ignore[override]
        replacement, stored = stand_in, stored_stand_in

        def with_stand_in(*args: object) -> object:
            from tasks.units import stream

            stream.segment_stream = replacement  # type: ignore[assignment]
            stream.stored_figures = stored
            return unit(*args)

        return super().run(with_stand_in, *args, **kwargs)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def bridge() -> Iterator[Bridge]:
    with StandInBridge(workers=2) as opened:
        yield opened


def carry_out(
    bridge: Bridge,
    store: ArtifactStore,
    table: pd.DataFrame,
    work: RowWork,
    *,
    quick: bool = True,
    row_seconds: float | None = None,
) -> Witness:
    ledger = RunLedger(store, RUN)
    plan = plan_rows(store, ledger, table, work.method.digest, leave_failed=False)
    rows = RowQueue(plan.rows(), len(plan.order), 200)
    if quick:
        rows.measured(1, 0.0)  # slices of several rows from the beginning
    witness = Witness()
    Dispatcher(bridge, ledger, work, rows, witness, row_seconds).run(lambda: None)
    return witness


def test_a_killed_worker_costs_no_row_that_had_ended(
    bridge: Bridge,
    store: ArtifactStore,
    table: Callable[..., pd.DataFrame],
    work: RowWork,
) -> None:
    good = [f"good-{n}" for n in range(12)]
    names = [*good[:3], "once-a", *good[3:6], "poison-b", "bad-c", *good[6:], "once-d"]
    witness = carry_out(bridge, store, table(*names), work)
    states = {name: result.state for name, result in witness.results.items()}
    assert states == {name: "failed" if name in ("poison-b", "bad-c") else "done" for name in names}
    assert "the worker process died while it ran" in (witness.results["poison-b"].error or "")
    counts = marks(store)
    assert {name: counts[name] for name in good} == dict.fromkeys(good, 1)
    assert (counts["once-a"], counts["once-d"]) == (2, 2)
    assert (counts["poison-b"], counts["bad-c"]) == (2, 1)
    records = {record.video: record for record in RunLedger(store, RUN).records()}
    assert {name: record.state for name, record in records.items()} == states
    assert records["once-a"].attempt == 2
    assert "died" in (records["poison-b"].stages["segment propagate"].error or "")


def test_what_may_pass_is_tried_again_a_few_times(
    bridge: Bridge,
    store: ArtifactStore,
    table: Callable[..., pd.DataFrame],
    work: RowWork,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    retry_at_once(monkeypatch, 0.1)
    witness = carry_out(bridge, store, table("busy-1", "busy-2", "busy-9", "a"), work)
    states = {name: result.state for name, result in witness.results.items()}
    assert states == {"busy-1": "done", "busy-2": "done", "busy-9": "failed", "a": "done"}
    assert "busy" in (witness.results["busy-9"].error or "")
    assert marks(store) == {"busy-1": 2, "busy-2": 3, "busy-9": 3, "a": 1}
    again = carry_out(bridge, store, table("busy-1", "busy-2", "busy-9", "a"), work, quick=False)
    assert set(again.results) == {"busy-9"}


def test_a_row_over_its_time_is_stopped_and_not_tried_again(
    bridge: Bridge,
    store: ArtifactStore,
    table: Callable[..., pd.DataFrame],
    work: RowWork,
) -> None:
    rows = table("a", "slow-b", "c")
    witness = carry_out(bridge, store, rows, work, quick=False, row_seconds=8.0)
    states = {name: result.state for name, result in witness.results.items()}
    assert states == {"a": "done", "slow-b": "failed", "c": "done"}
    assert "--timeout segment=SECONDS" in (witness.results["slow-b"].error or "")
    assert marks(store)["slow-b"] == 1


def drive(address: str, table: pd.DataFrame, work: RowWork) -> None:
    """A run in a separate process, on the workers of another run."""
    with StandInBridge(address=address) as bridge:
        carry_out(bridge, ArtifactStore(work.store_url), table, work)


def test_a_killed_run_is_resumed_without_doing_a_row_twice(
    bridge: Bridge,
    store: ArtifactStore,
    table: Callable[..., pd.DataFrame],
    work: RowWork,
) -> None:
    names = [f"short-{n}" for n in range(40)]
    rows = table(*names)
    assert bridge.slots("GPU") >= 1
    args = (str(bridge.address), rows, replace(work, driver="first"))
    process = multiprocessing.get_context("spawn").Process(target=drive, args=args)
    process.start()
    ledger = RunLedger(store, RUN)
    deadline = time.monotonic() + 120
    while len(ledger.videos()) < 5:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.join()
    before: dict[str, int] = {}
    while before != (before := marks(store)):  # workers end the slices that they have begun
        assert time.monotonic() < deadline
        time.sleep(3.0)
    witness = carry_out(bridge, store, rows, replace(work, driver="second"))
    assert 0 < len(before) < len(names)
    assert set(witness.results) == set(names) - set(before)
    assert marks(store) == dict.fromkeys(names, 1)


def test_the_end_of_a_run_ends_its_dispatcher(
    store: ArtifactStore, table: Callable[..., pd.DataFrame], work: RowWork
) -> None:
    closed = StandInBridge(workers=1)
    closed.close()
    with pytest.raises(BridgeError, match="the run was ended"):
        carry_out(closed, store, table("a"), work)
