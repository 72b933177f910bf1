"""Follows one unit on one worker, from its submission to its outcome."""

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from tasks.dask_bridge.kept_groups import KeptGroups
from tasks.dask_bridge.slots import POLL_SECONDS, Slots
from tasks.dask_bridge.unit_run import Outcome
from tasks.dask_bridge.worker_log import WorkerLog, run_logged
from tasks.errors import WORKER_DIED, RunEndedError, TaskError, UnitError
from tasks.machine.resources import Resource

CUT_OFF, TIMED_OUT = "CutOff", "TimedOut"
"""Kinds of `UnitError` that, like WORKER_DIED, the unit itself did not raise."""

_LOOKS = 3
"""How often in a row the scheduler must omit a worker before we consider it gone."""


class Submission:
    """A unit that was sent to a worker with a free slot.

    Args:
        client: the Dask client.
        log: receives the unit's log lines.
        groups: task groups of the client.
        kind: kind of the unit; units of one kind are a task group of Dask.
        name: name of the unit in messages.
        unit: called on the worker with `args`.
        worker: address of the worker.
        resource: the resource that the unit occupies.
        ended: whether the run was ended; called once per POLL_SECONDS.
    """

    def __init__(
        self,
        client: Any,
        log: WorkerLog,
        groups: KeptGroups,
        slots: Slots,
        kind: str,
        name: str,
        unit: Callable[..., Any],
        args: tuple[Any, ...],
        worker: str,
        resource: Resource,
        ended: Callable[[], bool],
    ) -> None:
        groups.keep(kind, worker)
        key = f"{kind}-{time.monotonic_ns()}-{threading.get_ident()}"
        self._client = client
        self._slots = slots
        self._kind = kind
        self._name = name
        self._worker = worker
        self._ended = ended
        self._log = log.open(key, name)
        shown = slots.workers().get(worker, {}).get("name", worker)
        self._future = client.submit(
            run_logged,
            log.topic,
            key,
            unit,
            args,
            str(shown),
            key=key,
            pure=False,
            retries=0,
            resources={resource: 1},
            workers=[worker],
            allow_other_workers=False,
        )

    def wait(self, timeout: float | None) -> Outcome | None:
        """Return the outcome of the unit; None if its worker was gone before it could start.

        Args:
            timeout: most seconds after its start; then the unit is stopped with its worker.

        Raises:
            UnitError: of one of the kinds above.
            RunEndedError: the run was ended before the unit started.
        """
        try:
            return self._wait(timeout)
        finally:
            self._log.wait(0.0)
            self._log.close()
            self._future.release()

    def _wait(self, timeout: float | None) -> Outcome | None:
        missed = 0
        while not self._ended():
            if outcome := self._log.wait(POLL_SECONDS):
                return outcome
            if self._future.status != "pending":
                return self._outcome()
            missed = 0 if self._worker in self._slots.workers() else missed + 1
            if missed == _LOOKS:
                self._future.cancel()
                self._check_death()
                return None
            if timeout is not None and self._seconds() > timeout:
                raise self._timed_out(timeout)
        raise self._cut_off(None)

    def _outcome(self) -> Outcome | None:
        """Return the outcome of a unit that Dask considers ended without a message from the
        unit."""
        if outcome := self._log.wait(0.0):
            return outcome
        if self._future.status != "error":
            raise self._cut_off(None)
        error = self._future.exception()
        if type(error).__name__ != "KilledWorker":
            raise self._cut_off(error)
        self._check_death()
        return None

    def _check_death(self) -> None:
        """Handle a lost worker: the unit is the cause only if it had started and was not ended."""
        if self._ended():
            raise self._cut_off(None)
        self._slots.forget(self._worker)
        self._log.wait(0.0)
        if self._log.started is not None:
            raise worker_died(self._name, self._seconds())

    def _timed_out(self, timeout: float) -> UnitError:
        self._future.cancel()
        stop_workers(self._client, [self._worker])
        self._slots.forget(self._worker)
        return UnitError(
            f"{self._name} took longer than {timeout:.0f} s and was stopped; allow more time with "
            f"--timeout {self._kind}=SECONDS, or lower the resolution",
            TIMED_OUT,
        )

    def _cut_off(self, error: BaseException | None) -> TaskError:
        if self._ended() and self._log.started is None:
            return RunEndedError()
        reason = "the run was ended" if error is None else f"{type(error).__name__}: {error}"
        return UnitError(f"{self._name} was cut off ({reason})", CUT_OFF)

    def _seconds(self) -> float:
        started = self._log.started
        return 0.0 if started is None else time.monotonic() - started


def worker_died(name: str, seconds: float) -> UnitError:
    """Return the error of a unit whose process has died."""
    return UnitError(
        f"the worker process died while it ran {name}, after {seconds:.0f} s: killed, or out of "
        "memory; run the same command again, with fewer workers or at a lower resolution if it "
        "happens again",
        WORKER_DIED,
    )


def stop_workers(client: Any, workers: list[str]) -> None:
    """Stop everything on these workers: their nannies kill them and start new ones.

    A thread cannot be stopped from outside; a process can, even if it no longer answers.
    Workers without a nanny continue to run.
    """
    listed = client.sync(client.scheduler.identity, n_workers=-1)["workers"]
    watched = [address for address in workers if listed.get(address, {}).get("nanny")]
    if watched:
        client.run(_kill_worker, workers=watched, nanny=True, on_error="ignore")


def _kill_worker(dask_worker: Any) -> None:
    os.kill(dask_worker.pid, signal.SIGKILL)  # Dask passes the nanny under this name
