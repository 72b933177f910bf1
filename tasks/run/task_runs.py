"""Runs stages as task runs within a flow run, and as plain calls outside of one.

Prefect asks its server before a task run begins, and fails the run if there is no answer. The work
itself needs no server: the ledger keeps its outcome, the store its artifacts.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, Generic, TypeVar

from storage.files import retry_policy
from storage.files.retry_policy import repeated
from tasks.retries.server_outage import is_of_the_server, note_outage, shows_in_prefect
from tasks.retries.transient import may_pass
from tasks.run.stage_task import StageTask

R = TypeVar("R")

MOST_TASKS = 64
"""How many stages of a run are active at the same time; most of them wait for a worker."""

_threads = ThreadPoolExecutor(MOST_TASKS, thread_name_prefix="stage")


class StartedTask(Generic[R]):
    """A stage that runs in a thread: as a task run, or as a plain call if that is impossible."""

    def __init__(self, task: StageTask[..., R], args: tuple[Any, ...]) -> None:
        self._task = task
        self._args = args
        self._future: Any
        if shows_in_prefect():
            self._future = task.submit(*args)
        else:
            self._future = _threads.submit(copy_context().run, call_plainly, task, *args)

    def wait(self) -> None:
        """Wait until the task has ended, with or without an error."""
        if isinstance(self._future, Future):
            self._future.exception()
        else:
            self._future.wait()

    def result(self) -> R:
        """Return what the task returns; raise what it raises."""
        try:
            found: R = self._future.result()
        except Exception as error:
            if not is_of_the_server(error):
                raise
            note_outage(error)
            found = call_plainly(self._task, *self._args)
        return found


def start_task(task: StageTask[..., R], *args: Any) -> StartedTask[R]:
    """Start a task in a thread; it may run twice, because artifacts make that harmless."""
    return StartedTask(task, args)


def call_plainly(task: StageTask[..., R], *args: Any) -> R:
    """Call a stage without a task run, but with a task run's retries; return its value."""
    return repeated(lambda: task.fn(*args), retry_policy.POLICY.unit, may_pass)
