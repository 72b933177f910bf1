"""Shows an archive in Prefect: a task run per batch of rows, and the report."""

from collections.abc import Callable, Sequence

from tasks.archive.slices import Batch
from tasks.errors import TaskError
from tasks.retries.server_outage import shows_in_prefect
from tasks.run.stage_task import shown_task

NAMED = 20
"""How many failed rows a state names."""


def show_batch(batch: Batch) -> Callable[[], None]:
    """Start the task run of a batch within a flow run; return a function that waits for it."""
    if not shows_in_prefect():
        return lambda: None
    # Prefect inspects all arguments, so it gets numbers and two functions instead of a batch.
    future = _rows.submit(batch.first, batch.last, batch.ended.wait, lambda: _check(batch))
    return lambda: future.wait()


@shown_task("rows", "rows {first} to {last}")
def _rows(first: int, last: int, wait: Callable[[], object], check: Callable[[], None]) -> None:
    """Wait until the rows of a batch have ended."""
    wait()
    check()


def _check(batch: Batch) -> None:
    """Raise TaskError with the rows that failed, or if the run stopped before all had ended."""
    rows = batch.last - batch.first + 1
    if batch.left:
        raise TaskError(f"the run stopped before {batch.left} of {rows} rows had ended")
    if batch.failed:
        raise TaskError(f"{len(batch.failed)} of {rows} rows failed: {outline(batch.failed)}")


def outline(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
