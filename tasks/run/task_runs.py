"""Task runs that do not need their Prefect server all the time.

Prefect asks the server before a task run begins, and fails the run when there is no answer. What
the task does needs no server: the ledger has its outcome, the store its artifacts.
"""

import logging
from typing import Any, Generic, TypeVar

from prefect import Task

from storage.files import retry_policy
from storage.files.retry_policy import repeated
from tasks.dask_bridge.unit_run import describe
from tasks.retries.server_outage import is_of_the_server
from tasks.retries.transient import may_pass

logger = logging.getLogger("maskrnn.run")

R = TypeVar("R")


class StartedTask(Generic[R]):
    """A task that was submitted within a flow; calls it plainly where it could not become a run."""

    def __init__(self, task: Task[..., R], args: tuple[Any, ...]) -> None:
        self._task = task
        self._args = args
        self._future = task.submit(*args)

    def wait(self) -> None:
        """Return when the task run has ended, one way or another."""
        self._future.wait()

    def result(self) -> R:
        """What the task returns; raises what it raises."""
        try:
            found: R = self._future.result()
        except Exception as error:
            if not is_of_the_server(error):
                raise
            logger.warning(
                "%s is not shown as a task run: the Prefect server does not answer (%s)",
                self._task.name,
                describe(error),
            )
            found = call_plainly(self._task, *self._args)
        return found


def start_task(task: Task[..., R], *args: Any) -> StartedTask[R]:
    """Submit a task; artifacts make it harmless if it runs twice."""
    return StartedTask(task, args)


def call_plainly(task: Task[..., R], *args: Any) -> R:
    """What a stage returns, without a task run, but with a task run's retries."""
    return repeated(lambda: task.fn(*args), retry_policy.POLICY.unit, may_pass)
