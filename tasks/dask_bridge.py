"""The one file that knows Dask: units of work on worker processes, one unit per slot.

A thread (a Prefect task's) calls `Bridge.run`, which takes a free slot, submits the unit to the
worker that owns it, and waits. Slots are counted here and not left to Dask: a unit that queues
on a busy worker would be blamed, and fail, when that worker dies.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from tasks.errors import BridgeError, UnitError
from tasks.resources import Resource, plan_workers, this_machine
from tasks.unit_run import UnitFailure, UnitRun, run_unit

logger = logging.getLogger("maskrnn.bridge")

_POLL_SECONDS = 1.0
_CONNECT_SECONDS = 10.0
_GRACE_SECONDS = 30.0
"""How long no worker may offer a resource: a killed worker is back within a few seconds."""

_Workers = dict[str, dict[str, Any]]


class Bridge:
    """Runs units on Dask workers; starts a local cluster when the first unit arrives.

    Args:
        address: of an existing scheduler, such as "tcp://127.0.0.1:8786"; its workers must offer
            the resources GPU and CPU, and its `allowed-failures` should be 0.
        workers: worker processes of the local cluster; None: by cores, memory and GPUs.
    """

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        self._address = address
        self._count = workers
        self._lock = threading.Lock()
        self._slots = threading.Condition()
        self._used: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._known: _Workers = {}
        self._asked = 0.0
        self._cluster: Any = None
        self._client: Any = None
        self._closed = False

    @property
    def address(self) -> str | None:
        """Of the scheduler; None before the first unit starts a cluster."""
        return self._address if self._cluster is None else str(self._cluster.scheduler_address)

    @property
    def started(self) -> bool:
        """Whether any unit had to run, and so whether there is a cluster."""
        return self._client is not None

    @property
    def closed(self) -> bool:
        """Whether the run has ended; no unit starts any more."""
        return self._closed

    def run(
        self, unit: Callable[..., Any], *args: Any, resource: Resource, name: str = ""
    ) -> UnitRun:
        """Run `unit(*args)` on a worker that offers `resource`, and wait for it.

        Raises:
            UnitError: the unit raised (the message is its own), or its worker died.
            BridgeError: no worker to run on.
        """
        self._start()
        name = name or unit.__name__
        outcome: UnitRun | UnitFailure | None = None
        while outcome is None:
            with self._slot(resource) as worker:
                outcome = self._submit(worker, resource, name, unit, args)
        if isinstance(outcome, UnitFailure):
            raise UnitError(outcome.message, outcome.kind, outcome.trace)
        return outcome

    def close(self) -> None:
        """Stop the local cluster, or leave the existing one; units still running end in errors."""
        with self._lock:
            self._closed = True
            client, self._client = self._client, None
            cluster, self._cluster = self._cluster, None
        if client is not None:
            client.close(timeout=5)
        if cluster is not None:
            cluster.close(timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self) -> None:
        with self._lock:
            if self._client is None and not self._closed:
                self._connect()

    def _connect(self) -> None:
        import dask

        # A dead worker comes back as an error of its unit; Dask's own lines add nothing.
        # Read when distributed is first imported, here and on the workers.
        dask.config.set({"logging.distributed": "critical"})
        from distributed import Client

        address = self._address
        if address is None:
            self._cluster = _local_cluster(self._count)
            address = self._cluster.scheduler_address
            logger.info("started a local cluster of %d workers", len(self._cluster.workers))
        try:
            self._client = Client(  # type: ignore[no-untyped-call]
                address, timeout=_CONNECT_SECONDS, set_as_default=False
            )
        except (OSError, ValueError) as error:
            raise BridgeError(
                f"no Dask scheduler answers at {address} ({error}); start one with "
                "`dask scheduler`, or leave the address out for a local cluster"
            ) from None

    def _connected(self) -> Any:
        client = self._client
        if client is None:
            raise BridgeError("the run was ended before this unit could start")
        return client

    @contextmanager
    def _slot(self, resource: Resource) -> Iterator[str]:
        worker = self._acquire(resource)
        try:
            yield worker
        finally:
            with self._slots:
                self._used[worker][resource] -= 1
                self._slots.notify_all()

    def _acquire(self, resource: Resource) -> str:
        missing_since: float | None = None
        with self._slots:
            while True:
                workers = self._workers()
                offering = {a: w for a, w in workers.items() if w["resources"].get(resource, 0)}
                free = [a for a, w in offering.items() if self._is_free(a, w, resource)]
                if free:
                    worker = min(free, key=lambda a: (sum(self._used[a].values()), a))
                    self._used[worker][resource] += 1
                    return worker
                if offering:
                    missing_since = None
                elif missing_since is None:
                    missing_since = time.monotonic()
                elif time.monotonic() - missing_since > _GRACE_SECONDS:
                    raise BridgeError(
                        f"none of the {len(workers)} Dask workers offers the resource {resource}; "
                        'start them with `dask worker ADDRESS --resources "GPU=1 CPU=1"`'
                    )
                self._slots.wait(_POLL_SECONDS)

    def _is_free(self, address: str, worker: dict[str, Any], resource: Resource) -> bool:
        used = self._used[address]
        offered: float = worker["resources"][resource]
        threads: int = worker["nthreads"]
        return used[resource] + 1 <= offered and sum(used.values()) < threads

    def _workers(self) -> _Workers:
        """Address to name, nthreads and resources; asked at most once per poll."""
        client = self._connected()
        if not self._known or time.monotonic() - self._asked > _POLL_SECONDS:
            try:
                self._known = client.scheduler_info()["workers"]
            except OSError as error:
                raise BridgeError(f"the Dask scheduler does not answer any more: {error}") from None
            self._asked = time.monotonic()
        return self._known

    def _submit(
        self,
        worker: str,
        resource: Resource,
        name: str,
        unit: Callable[..., Any],
        args: tuple[Any, ...],
    ) -> UnitRun | UnitFailure | None:
        """None when the worker was gone before the unit could start."""
        started = time.monotonic()
        future = self._connected().submit(
            run_unit,
            unit,
            args,
            str(self._known.get(worker, {}).get("name", worker)),
            key=f"{name}-{time.monotonic_ns()}-{threading.get_ident()}",
            pure=False,
            retries=0,
            resources={resource: 1},
            workers=[worker],
            allow_other_workers=False,
        )
        gone = 0
        while not self._closed:
            try:
                future.exception(timeout=_POLL_SECONDS)
            except TimeoutError:
                gone = gone + 1 if worker not in self._workers() else 0
                if gone < 3:
                    continue
                future.cancel()
                return None
            except Exception as error:
                raise _cut_off(name, error) from None
            break
        return self._outcome(future, name, worker, started)

    def _outcome(
        self, future: Any, name: str, worker: str, started: float
    ) -> UnitRun | UnitFailure:
        if future.status == "finished":
            outcome: UnitRun | UnitFailure = future.result()
            return outcome
        if future.status != "error":
            raise _cut_off(name, None)
        error = future.exception()
        if type(error).__name__ != "KilledWorker":
            raise _cut_off(name, error)
        self._known = {}
        raise UnitError(
            f"the worker process died while it ran {name}, after "
            f"{time.monotonic() - started:.0f} s: killed, or out of memory; run the same command "
            "again, with fewer workers or at a lower resolution if it happens again",
            "WorkerDied",
        )


def _cut_off(name: str, error: BaseException | None) -> UnitError:
    reason = "the run was ended" if error is None else f"{type(error).__name__}: {error}"
    return UnitError(f"{name} was cut off ({reason})", "CutOff")


def _local_cluster(workers: int | None) -> Any:
    import dask
    from distributed import Nanny, Scheduler, SpecCluster

    dask.config.set(
        {f"distributed.worker.memory.{step}": False for step in ("target", "spill", "pause")}
    )
    # The sampling profiler takes up to half a core from units that run for minutes.
    dask.config.set({"distributed.worker.profile.enabled": False})
    machine = this_machine()
    scheduler = {
        "host": "127.0.0.1",
        "port": 0,
        "dashboard": False,
        "dashboard_address": "127.0.0.1:0",  # else every cluster of a machine wants one port
        "allowed_failures": 0,
    }
    common = {
        "host": "127.0.0.1",
        "nthreads": 1,
        "memory_limit": machine.memory,
        "silence_logs": logging.CRITICAL,
        "dashboard": False,
        "preload": ["tasks.worker_signals"],
    }
    nannies = {
        plan.name: {
            "cls": Nanny,
            "options": {**common, "resources": plan.resources, "env": plan.environment},
        }
        for plan in plan_workers(machine, workers)
    }
    return SpecCluster(  # type: ignore[no-untyped-call]
        scheduler={"cls": Scheduler, "options": scheduler},
        workers=nannies,
        silence_logs=logging.CRITICAL,
    )
