"""Stages as Prefect task runs; in a run of many videos as plain calls, a task run per batch.

Outside of a flow run they are plain calls, whatever the number of videos.

A task run costs Prefect's client and server more time than all else that is done about a unit, and
beyond some thousands at once the server loses their events. The ledger has them all anyway.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.errors import TaskError
from tasks.retries.server_outage import shows_in_prefect
from tasks.run.task_runs import call_plainly, start_task

MOST_VIDEOS = 200
"""In a run with more videos, task runs stand for batches of them."""

BATCH = 100
"""Videos of a batch."""

Failed = Callable[[Sequence[str]], list[str]]


class StageCalls:
    """How a run calls its stages.

    Args:
        videos: their number.
    """

    def __init__(self, videos: int) -> None:
        self._batched = videos > MOST_VIDEOS

    def call(self, stage: Any, *args: Any) -> Any:
        """What the stage returns; raises what it raises."""
        return call_plainly(stage, *args) if self._batched else start_task(stage, *args).result()

    def call_each(self, stage: Any, calls: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Several calls, side by side unless other videos keep the workers busy.

        The error of one is raised when all have ended.
        """
        if self._batched:
            return [future.result() for future in [_ended(stage, args) for args in calls]]
        started = [start_task(stage, *args) for args in calls]
        for run in started:
            run.wait()
        return [run.result() for run in started]

    def watch(self, names: Sequence[str], jobs: Sequence["Future[Any]"], failed: Failed) -> None:
        """Let a task run per batch show in Prefect how the videos of a run fare.

        Args:
            names: of the videos.
            jobs: one per video.
            failed: tells which of the videos failed, once their jobs have ended.
        """
        if not self._batched or not shows_in_prefect():
            return
        for start in range(0, len(names), BATCH):
            part = slice(start, start + BATCH)

            def wait(jobs: Sequence["Future[Any]"] = jobs[part]) -> None:
                for job in jobs:
                    job.exception()

            watch_batch.submit(start + 1, start + len(names[part]), wait, failed, names[part])


@task(
    name="videos",
    task_run_name="videos {first} to {last}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def watch_batch(
    first: int, last: int, wait: Callable[[], None], failed: Failed, names: Sequence[str]
) -> None:
    """Ends when the videos do; raises TaskError that names those that failed."""
    wait()
    if lost := failed(names):
        raise TaskError(f"{len(lost)} of {len(names)} videos failed: {', '.join(lost)}")


def _ended(stage: Any, args: tuple[Any, ...]) -> "Future[Any]":
    future: Future[Any] = Future()
    try:
        future.set_result(call_plainly(stage, *args))
    except Exception as error:
        future.set_exception(error)
    return future
