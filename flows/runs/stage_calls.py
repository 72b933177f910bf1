"""Calls stages as Prefect task runs, or as plain calls with a task run per batch of videos.

Outside of a flow run they are plain calls, whatever the number of videos.

A task run costs Prefect's client and server more time than all other work around a unit, and
with some thousands at once the server loses their events. The ledger records them all anyway.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from tasks.errors import TaskError
from tasks.retries.server_outage import shows_in_prefect
from tasks.run.stage_task import shown_task
from tasks.run.task_runs import call_plainly, start_task

MOST_VIDEOS = 200
"""A run with more videos has one task run per batch of videos."""

BATCH = 100
"""Videos per batch."""

Failed = Callable[[Sequence[str]], list[str]]


class StageCalls:
    """Decides how a run calls its stages.

    Args:
        videos: how many videos the run has.
    """

    def __init__(self, videos: int) -> None:
        self._batched = videos > MOST_VIDEOS

    def call(self, stage: Any, *args: Any) -> Any:
        """Call a stage; return what it returns and raise what it raises."""
        return call_plainly(stage, *args) if self._batched else start_task(stage, *args).result()

    def call_each(self, stage: Any, calls: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Call a stage several times, in parallel unless other videos keep the workers busy.

        If a call fails, its error is raised after all have ended.
        """
        if self._batched:
            return [future.result() for future in [_ended(stage, args) for args in calls]]
        started = [start_task(stage, *args) for args in calls]
        for run in started:
            run.wait()
        return [run.result() for run in started]

    def watch(self, names: Sequence[str], jobs: Sequence["Future[Any]"], failed: Failed) -> None:
        """Start a task run per batch, so that Prefect shows the state of the videos of a run.

        Args:
            names: names of the videos.
            jobs: one job per video.
            failed: returns which of the videos failed, after their jobs have ended.
        """
        if not self._batched or not shows_in_prefect():
            return
        for start in range(0, len(names), BATCH):
            part = slice(start, start + BATCH)

            def wait(jobs: Sequence["Future[Any]"] = jobs[part]) -> None:
                for job in jobs:
                    job.exception()

            watch_batch.submit(start + 1, start + len(names[part]), wait, failed, names[part])


@shown_task("videos", "videos {first} to {last}")
def watch_batch(
    first: int, last: int, wait: Callable[[], None], failed: Failed, names: Sequence[str]
) -> None:
    """Wait for the videos of a batch; raise TaskError with the names of those that failed."""
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
