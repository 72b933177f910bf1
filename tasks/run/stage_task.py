"""Makes Prefect tasks of stages: Prefect caches nothing and retries only transient errors."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from storage.files import retry_policy
from tasks.retries.transient import may_pass

P = ParamSpec("P")
R = TypeVar("R")


def stage_task(name: str, run_name: str) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Make a Prefect task whose runs have a readable name, from a template over its arguments.

    Artifacts are the cache, so Prefect keeps no result. `storage.files.retry_policy` defines how
    often a stage is tried, and `tasks.retries.transient` after which errors.
    """
    delays = retry_policy.POLICY.unit
    return task(
        name=name,
        task_run_name=run_name,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=len(delays),
        retry_delay_seconds=list(delays),
        retry_condition_fn=_is_retried,
    )


def _is_retried(_: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    return may_pass(state.data, task_run.run_count)
