"""Marks the functions that Prefect may show as task runs; Prefect is loaded when it shows one."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from storage.files import retry_policy
from tasks.retries.transient import may_pass

if TYPE_CHECKING:
    from prefect import Task
    from prefect.client.schemas.objects import State, TaskRun

P = ParamSpec("P")
R = TypeVar("R")


class StageTask(Generic[P, R]):
    """A function, and a Prefect task of it for runs that have a server.

    Artifacts are the cache, so Prefect keeps no result. `storage.files.retry_policy` defines how
    often a stage is tried, and `tasks.retries.transient` after which errors.

    Args:
        fn: the function.
        name: name of the task in Prefect.
        run_name: template over its arguments; names the task runs.
        is_retried: whether Prefect tries it again after transient errors.
    """

    def __init__(self, fn: Callable[P, R], name: str, run_name: str, *, is_retried: bool) -> None:
        self.fn = fn
        self.name = name
        self._run_name = run_name
        self._delays = list(retry_policy.POLICY.unit) if is_retried else []

    def submit(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Start a task run within a flow run; return its future."""
        return self.task.submit(*args, **kwargs)

    @cached_property
    def task(self) -> "Task[P, R]":
        """The Prefect task."""
        from prefect import task
        from prefect.cache_policies import NO_CACHE

        retried: dict[str, Any] = {
            "retries": len(self._delays),
            "retry_delay_seconds": self._delays,
            "retry_condition_fn": _may_pass,
        }
        return task(
            name=self.name,
            task_run_name=self._run_name,
            cache_policy=NO_CACHE,
            persist_result=False,
            **(retried if self._delays else {}),
        )(self.fn)


def stage_task(name: str, run_name: str) -> Callable[[Callable[P, R]], StageTask[P, R]]:
    """Mark a stage, which Prefect retries after transient errors; arguments as `StageTask`."""
    return lambda fn: StageTask(fn, name, run_name, is_retried=True)


def shown_task(name: str, run_name: str) -> Callable[[Callable[P, R]], StageTask[P, R]]:
    """Mark a function that Prefect shows but does not retry; arguments as `StageTask`."""
    return lambda fn: StageTask(fn, name, run_name, is_retried=False)


def _may_pass(_: "Task[..., Any]", task_run: "TaskRun", state: "State[Any]") -> bool:
    return may_pass(state.data, task_run.run_count)
