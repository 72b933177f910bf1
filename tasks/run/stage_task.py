"""Stages as Prefect tasks: nothing is cached by Prefect, and only what may pass is retried."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from tasks.dask_bridge.submission import WORKER_DIED
from tasks.errors import UnitError
from tasks.retries.transient import DELAYS, is_transient

P = ParamSpec("P")
R = TypeVar("R")


def stage_task(name: str, run_name: str) -> Callable[[Callable[P, R]], Task[P, R]]:
    """A Prefect task with a readable name of its runs, which is a template over its arguments.

    Artifacts are the cache, so Prefect keeps no result. Transient errors
    (`tasks.retries.transient`) are tried up to three times, with a delay; a unit whose worker
    died, twice.
    """
    return task(
        name=name,
        task_run_name=run_name,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=len(DELAYS),
        retry_delay_seconds=list(DELAYS),
        retry_condition_fn=_is_retried,
    )


def may_pass(error: object, attempts: int) -> bool:
    """Whether another attempt is worth it, after so many."""
    if isinstance(error, UnitError):
        # A unit that kills its worker twice does so again.
        return error.transient or (error.kind == WORKER_DIED and attempts < 2)
    return isinstance(error, Exception) and is_transient(error)


def _is_retried(_: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    return may_pass(state.data, task_run.run_count)
