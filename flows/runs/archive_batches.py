"""What of an archive shows in Prefect: a task run per batch of rows, and the report."""

from collections.abc import Callable, Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.archive.slices import Batch
from tasks.errors import TaskError
from tasks.retries.server_outage import shows_in_prefect

NAMED = 20
"""Failed rows that a state names."""


def show_batch(batch: Batch) -> Callable[[], None]:
    """Start the task run of a batch, if this is a flow run; returns what waits for its end."""
    if not shows_in_prefect():
        return lambda: None
    # Prefect looks into what it is given: of a batch it gets numbers and two functions.
    future = _rows.submit(batch.first, batch.last, batch.ended.wait, lambda: _check(batch))
    return lambda: future.wait()


@task(
    name="rows", task_run_name="rows {first} to {last}", cache_policy=NO_CACHE, persist_result=False
)
def _rows(first: int, last: int, wait: Callable[[], object], check: Callable[[], None]) -> None:
    """Ends when its rows have."""
    wait()
    check()


def _check(batch: Batch) -> None:
    """TaskError that names the rows that failed, or tells that there was no end."""
    rows = batch.last - batch.first + 1
    if batch.left:
        raise TaskError(f"the run was ended when {batch.left} of {rows} rows had not")
    if batch.failed:
        raise TaskError(f"{len(batch.failed)} of {rows} rows failed: {outline(batch.failed)}")


def outline(names: Sequence[str]) -> str:
    """The first names, and how many there are besides."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
