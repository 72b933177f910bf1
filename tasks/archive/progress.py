"""Reports the progress of an archive: in log lines and in a file that `maskrnn status` reads."""

import logging
import time
from collections import deque
from collections.abc import Callable

from storage.archive.progress_file import ArchiveProgress, FailedRow, write_progress
from storage.errors import StoreAccessError
from storage.store.artifacts import ArtifactStore
from tasks.archive.plan import ArchivePlan
from tasks.archive.results import Results
from tasks.archive.rows import ArchiveRow, RowResult

logger = logging.getLogger("maskrnn.run")

_FILE_SECONDS = 5.0
_FIRST_LINE, _LAST_LINE = 5.0, 60.0
"""Seconds between two lines: at the beginning, and later."""
_RATE_SECONDS = 120.0
"""How many of the last seconds the rate covers."""
_FAILURES_LOGGED = 20
_FAILURES_KEPT = 1000


class ProgressWatcher:
    """Counts ended rows and reports them; the file is first written when the watcher is made.

    Args:
        store: the store of the run.
        run_id: name of the run.
        results: collects every result.
        plan: which rows are done, and which are not.
        now: clock.
    """

    def __init__(
        self,
        store: ArtifactStore,
        run_id: str,
        results: Results,
        plan: ArchivePlan,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._run_id = run_id
        self._results = results
        self._now = now
        self._began = self._told = self._written = now()
        self._total = len(plan.table)
        self._before = len(plan.settled)
        self._done = sum(result.state == "done" for result in plan.settled)
        self._failed = self._before - self._done
        self._done_before = self._done
        self._cost = 0.0
        self._ends: deque[tuple[float, int]] = deque([(self._began, 0)])
        ids = plan.table["id"]
        self._failures = [
            FailedRow(str(ids[result.index]), result.error or "")
            for result in plan.settled
            if result.state == "failed"
        ][:_FAILURES_KEPT]
        self._logged = 0
        for result in plan.settled:
            results.put(result, now=False)
        self._try_to_write(self._began)

    def ended(self, row: ArchiveRow, result: RowResult) -> None:
        """Count a row that has ended."""
        self._results.put(result, now=True)
        self._cost += result.seconds
        if result.state == "done":
            self._done += 1
            return
        self._failed += 1
        error = result.error or ""
        if len(self._failures) < _FAILURES_KEPT:
            self._failures.append(FailedRow(row.id, error))
        self._logged += 1
        if self._logged <= _FAILURES_LOGGED:
            logger.error("%s failed: %s", row.id, error)
        if self._logged == _FAILURES_LOGGED:
            logger.error("further failures: maskrnn status %s", self._run_id)

    def look(self) -> None:
        """Log a line or write the file when it is due."""
        now = self._now()
        if now - self._written >= _FILE_SECONDS:
            self._try_to_write(now)
        if now - self._told >= min(_LAST_LINE, max(_FIRST_LINE, (now - self._began) / 20)):
            self._told = now
            logger.info(self.progress().line())

    def finish(self) -> None:
        """Stop the clock, log the last line and write the final state of the file."""
        now = self._now()
        self._now = lambda: now
        self._write(now)
        logger.info(self.progress().line())

    def progress(self) -> ArchiveProgress:
        """Return the current progress."""
        now = self._now()
        ended = self._done + self._failed - self._before
        while len(self._ends) > 1 and now - self._ends[0][0] > _RATE_SECONDS:
            self._ends.popleft()
        since, then = self._ends[0]
        # Bad rows fail within a second, which says nothing of how long the others take.
        is_known = self._done > self._done_before and now > since
        rate = (ended - then) / (now - since) if is_known else 0.0
        return ArchiveProgress(
            total=self._total,
            done=self._done,
            failed=self._failed,
            before=self._before,
            seconds=now - self._began,
            worker_seconds=self._cost,
            rows_per_second=rate,
            failures=tuple(self._failures),
        )

    def _try_to_write(self, now: float) -> None:
        try:
            self._write(now)
        except StoreAccessError as error:  # the next call tries again; rows continue meanwhile
            logger.warning("progress could not be saved: %s", error)

    def _write(self, now: float) -> None:
        self._written = now
        self._ends.append((now, self._done + self._failed - self._before))
        write_progress(self._store, self._run_id, self.progress())
