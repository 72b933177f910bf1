"""Compares videos in this process, or in several processes at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any

from tasks.errors import BridgeError
from tasks.evaluation.comparison import Compared, Comparison, compare
from tasks.machine.resources import this_machine

_WORTH_SECONDS = 2.0
"""Amount of work below which another process costs more than it saves."""

_FRAME_SECONDS, _STABILITY_SECONDS = 0.0015, 0.02

_done: Any = None
"""In a worker: the shared number of frames done."""


def compare_all(
    jobs: Sequence[Comparison], workers: int | None, on_frames: Callable[[int], None]
) -> list[Compared]:
    """Return results in the order of the jobs.

    Args:
        jobs: the videos.
        workers: number of processes; None chooses by the machine's cores and the amount of work.
        on_frames: called with the number of frames done since the last call.

    Raises:
        BridgeError: a process died.
    """
    count = min(workers or _worthwhile(jobs), len(jobs))
    if count <= 1:
        return [compare(job, lambda: on_frames(1)) for job in jobs]
    context = get_context("spawn")
    frames = context.Value("q", 0)
    with ProcessPoolExecutor(count, context, _begin, (frames,)) as pool:
        # the longest first, so that none is left for the end
        order = sorted(range(len(jobs)), key=lambda i: -len(jobs[i].video.frame_names))
        futures = {index: pool.submit(_compare, jobs[index]) for index in order}
        pending, told = set(futures.values()), 0
        try:
            while pending:
                _, pending = wait(pending, timeout=0.1)
                on_frames(frames.value - told)
                told = frames.value
            return [futures[index].result() for index in range(len(jobs))]
        except BrokenProcessPool as error:
            raise BridgeError(
                "a process of the evaluation died, most likely for lack of memory; try fewer with "
                "--workers"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _begin(frames: Any) -> None:
    global _done
    _done = frames


def _compare(job: Comparison) -> Compared:
    return compare(job, _count)


def _count() -> None:
    with _done.get_lock():
        _done.value += 1


def _worthwhile(jobs: Sequence[Comparison]) -> int:
    per_frame = _FRAME_SECONDS + _STABILITY_SECONDS * any(job.stability for job in jobs)
    seconds = per_frame * sum(len(job.video.frame_names) for job in jobs)
    return max(1, min(this_machine().cores, int(seconds / _WORTH_SECONDS)))
