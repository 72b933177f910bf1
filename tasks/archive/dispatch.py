"""Sends rows to workers, slice by slice, until every row has ended; one thread decides."""

import logging
import queue
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from storage.files import retry_policy
from storage.runs.ledger import RunLedger, VideoRecord
from tasks.archive.records import again, ended_record, failed_result, result_of
from tasks.archive.rows import ArchiveRow, RowResult
from tasks.archive.slices import RowQueue
from tasks.archive.unit import RowWork, segment_rows
from tasks.dask_bridge import Bridge
from tasks.dask_bridge.submission import TIMED_OUT, worker_died
from tasks.dask_bridge.unit_run import UnitRun
from tasks.errors import WORKER_DIED, UnitError
from tasks.retries.transient import may_pass

logger = logging.getLogger("maskrnn.run")

_AHEAD = 2
"""How many slices are ready beyond the workers' slots."""
_MOST_THREADS = 256
_LOOK_SECONDS = 1.0
_HELD_SECONDS = 15.0
"""How long to wait before checking again a prediction that another run is making."""

_Outcome = UnitRun | Exception


class Watcher(Protocol):
    """Receives the progress of a run."""

    def ended(self, row: ArchiveRow, result: RowResult) -> None:
        """Called when a row has ended."""

    def look(self) -> None:
        """Called about once a second."""


class Dispatcher:
    """Carries out the rows of a queue.

    A row that kills its worker is tried once more, alone. A time-out and bad input are final.
    Transient errors are retried after a while.

    Args:
        bridge: the workers.
        ledger: of the run; workers write to it, and this class writes for workers that died.
        work: what is the same for all rows.
        rows: the queue.
        watcher: is called for every row that has ended.
        row_seconds: most seconds per row; None for no limit.
    """

    def __init__(
        self,
        bridge: Bridge,
        ledger: RunLedger,
        work: RowWork,
        rows: RowQueue,
        watcher: Watcher,
        row_seconds: float | None = None,
    ) -> None:
        self._bridge = bridge
        self._ledger = ledger
        self._work = work
        self._rows = rows
        self._watcher = watcher
        self._row_seconds = row_seconds
        self._outcomes: queue.SimpleQueue[tuple[list[ArchiveRow], _Outcome]] = queue.SimpleQueue()
        self._deaths: Counter[int] = Counter()
        self._tries: Counter[int] = Counter()

    def run(self, opened: Callable[[], None]) -> None:
        """Work until no row is left.

        Args:
            opened: called when batches may have begun.

        Raises:
            BridgeError: there is no worker to run on.
            UnitError: the run was ended, or its ledger cannot be written.
        """
        under_way = 0
        with ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="slice") as pool:
            try:
                while under_way or not self._rows.is_empty:
                    slots = max(1, self._bridge.slots("GPU")) if not self._rows.is_empty else 0
                    while under_way < min(slots + _AHEAD, _MOST_THREADS):
                        if not (rows := self._rows.take(slots)):
                            break
                        pool.submit(self._run_slice, rows)
                        under_way += 1
                    opened()
                    under_way -= self._settle_some()
                    self._watcher.look()
            except BaseException:
                self._bridge.close()  # ends running units
                raise
            finally:
                self._rows.give_up()

    def _run_slice(self, rows: list[ArchiveRow]) -> None:
        name = f"segment {rows[0].id}" + (f" and {len(rows) - 1} more" if len(rows) > 1 else "")
        try:
            outcome: _Outcome = self._bridge.run(
                segment_rows,
                self._work,
                rows,
                resource="GPU",
                kind="segment",
                name=name,
                timeout=self._row_seconds,
            )
        except Exception as error:
            outcome = error
        self._outcomes.put((rows, outcome))

    def _settle_some(self) -> int:
        """Settle the slices that have come back; wait a little for the first one."""
        settled = 0
        try:
            outcome = self._outcomes.get(timeout=_LOOK_SECONDS)
            while True:
                self._settle(*outcome)
                settled += 1
                outcome = self._outcomes.get_nowait()
        except queue.Empty:
            return settled

    def _settle(self, rows: list[ArchiveRow], outcome: _Outcome) -> None:
        if isinstance(outcome, UnitRun):
            self._rows.measured(len(rows), outcome.seconds)
            for row, result in zip(rows, outcome.value, strict=True):
                self._take_in(row, result)
        elif isinstance(outcome, UnitError) and outcome.kind in (WORKER_DIED, TIMED_OUT):
            self._after_death(rows, outcome)
        elif isinstance(outcome, UnitError) and outcome.transient:
            for row in self._unrecorded(rows):
                self._retry(row, failed_result(row, str(outcome)))
        else:
            raise outcome

    def _take_in(self, row: ArchiveRow, result: RowResult) -> None:
        if result.obstacle == "held":
            self._rows.put_back(again(row), _HELD_SECONDS)
        elif result.obstacle == "died":
            self._blame(row, worker_died(f"segment {row.id}", result.seconds))
        elif result.state == "pending":
            self._retry(row, result)
        else:
            self._end(row, result)

    def _retry(self, row: ArchiveRow, result: RowResult) -> None:
        """Try a row again after a while, unless it had enough attempts."""
        tries, delays = self._tries[row.index], retry_policy.POLICY.unit
        if tries == len(delays):
            self._fail(row, result.error or "", result.seconds)
            return
        self._tries[row.index] += 1
        self._rows.put_back(again(row), delays[tries])

    def _after_death(self, rows: Sequence[ArchiveRow], error: UnitError) -> None:
        """Blame only the row that was being processed; results of ended rows are kept."""
        left = self._unrecorded(rows)
        if not left:
            return
        running = [row for row in left if self._record(row) is not None]
        culprit = running[0] if running else left[0]
        for row in left:
            if row is not culprit:
                self._rows.put_back(row)
        self._blame(culprit, error)

    def _blame(self, row: ArchiveRow, error: UnitError) -> None:
        """Retry or fail a row that killed its worker or took too long."""
        self._deaths[row.index] += 1
        if may_pass(error, self._deaths[row.index]):
            logger.warning("%s: its worker died; the row is tried once more, alone", row.id)
            self._rows.put_back(again(row), alone=True)
        else:
            self._fail(row, str(error))

    def _unrecorded(self, rows: Sequence[ArchiveRow]) -> list[ArchiveRow]:
        """Return the rows that have not ended; take the results of the others from the ledger."""
        left = []
        for row in rows:
            record = self._record(row)
            if record is None or record.state == "running":
                left.append(row)
            else:
                self._take_in(row, result_of(record, row.index))
        return left

    def _record(self, row: ArchiveRow) -> VideoRecord | None:
        """Return what a worker has recorded for this attempt, or None."""
        record = self._ledger.read(row.id)
        if record is None or record.driver != self._work.driver or record.attempt != row.attempt:
            return None
        return record

    def _fail(self, row: ArchiveRow, error: str, seconds: float = 0.0) -> None:
        result = failed_result(row, error, seconds)
        self._ledger.write(
            ended_record(row, result, self._work.driver, self._work.method.preset.name)
        )
        self._end(row, result)

    def _end(self, row: ArchiveRow, result: RowResult) -> None:
        self._rows.ended(row, failed=result.state == "failed")
        self._watcher.ended(row, result)
