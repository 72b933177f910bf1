"""Totals of an archive run in one small file, so that nobody must read 100,000 records."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from storage.errors import CorruptArtifactError
from storage.runs.ledger import run_place
from storage.store.artifacts import ArtifactStore
from storage.store.marker import read_record, record_bytes


@dataclass(frozen=True)
class FailedRow:
    """Id and error of a failed row."""

    id: str
    error: str


@dataclass(frozen=True)
class ArchiveProgress:
    """Progress of a run.

    Args:
        total: number of usable rows.
        done: rows that are done, in this run or before.
        failed: rows that failed, in this run or before.
        before: rows that were done or failed before this run.
        seconds: seconds since this run started its rows.
        worker_seconds: seconds that workers spent in this run.
        rows_per_second: recent rate.
        failures: the first thousand failed rows, of this run and those that it skipped.
    """

    total: int
    done: int
    failed: int
    before: int
    seconds: float
    worker_seconds: float
    rows_per_second: float
    failures: Sequence[FailedRow] = ()

    @property
    def failure_share(self) -> float:
        """Share of failed rows among the rows that have ended."""
        return self.failed / max(1, self.done + self.failed)

    @property
    def is_over(self) -> bool:
        """Whether every row has ended."""
        return self.done + self.failed == self.total

    def line(self) -> str:
        """The progress as one line of text, without the failures."""
        ended = self.done + self.failed
        parts = [
            f"{ended} of {self.total} rows ({ended / max(1, self.total):.1%})",
            f"{self.done} done, {self.failed} failed ({self.failure_share:.1%})",
        ]
        if self.before:
            parts.append(f"{self.before} before this run")
        if self.rows_per_second:
            parts.append(_rate(self.rows_per_second))
            if left := self.total - ended:
                parts.append(f"{duration(left / self.rows_per_second)} left")
        parts.append(f"{duration(self.seconds)} so far, {duration(self.worker_seconds)} of workers")
        return ", ".join(parts)


def write_progress(store: ArtifactStore, run_id: str, progress: ArchiveProgress) -> None:
    """Replace the progress file of a run."""
    store.folder.write(_file(run_id), record_bytes(asdict(progress)))


def read_progress(store: ArtifactStore, run_id: str) -> ArchiveProgress | None:
    """Read the last progress of a run; None before the run starts its rows.

    Raises:
        CorruptArtifactError, NewerSchemaError: the file cannot be read.
    """
    path = _file(run_id)
    try:
        fields = read_record(store.folder.read(path), store.folder.location(path))
    except FileNotFoundError:
        return None
    fields.pop("schema")
    failures = tuple(FailedRow(**row) for row in fields.pop("failures"))
    return ArchiveProgress(**fields, failures=failures)


def expect_rows(store: ArtifactStore, run_id: str, total: int) -> None:
    """Count rows that a manifest has gained since the last start as not ended yet.

    Args:
        store: the store of the run.
        run_id: name of the run.
        total: number of usable rows now.

    Raises:
        NewerSchemaError: the file cannot be read.
        StoreAccessError: the file cannot be written.
    """
    try:
        former = read_progress(store, run_id)
    except CorruptArtifactError:
        return  # it is written anew when the rows start
    if former is not None and former.total < total:
        write_progress(store, run_id, replace(former, total=total))


def duration(seconds: float) -> str:
    """A duration as text, such as 12 s, 3:07 min, 26:10 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    if minutes < 100:
        return f"{int(minutes)}:{int(seconds % 60):02d} min"
    return f"{int(minutes // 60)}:{int(minutes % 60):02d} h"


def _rate(rows_per_second: float) -> str:
    if rows_per_second >= 1:
        return f"{rows_per_second:.1f} rows per second"
    if rows_per_second >= 1 / 60:
        return f"{rows_per_second * 60:.1f} rows per minute"
    return f"{rows_per_second * 3600:.1f} rows per hour"


def _file(run_id: str) -> str:
    return f"{run_place(run_id)}/progress.json"
