"""Carries a unit of work from a thread to a worker process, and its result back."""

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from tasks.dask_bridge.clusters import configure_dask, start_cluster, start_local_cluster
from tasks.dask_bridge.kept_groups import KeptGroups
from tasks.dask_bridge.slots import Slots, Workers
from tasks.dask_bridge.submission import Submission, stop_workers, worker_died
from tasks.dask_bridge.unit_run import Outcome, UnitRun, returned
from tasks.dask_bridge.worker_log import WorkerLog
from tasks.errors import BridgeError, RunEndedError
from tasks.machine.resources import Resource

logger = logging.getLogger("maskrnn.bridge")

WORKER_WAIT_SECONDS = 120.0
"""For a resource that no worker offers: a killed worker needs this long on a busy machine."""

_CONNECT_SECONDS = 10.0
_CLOSE_SECONDS = 20.0
_TRIES = 2
"""How many workers may vanish before a unit has started on them."""

_Connection = tuple[Any, WorkerLog, KeptGroups]
"""A client of Dask, and the objects that belong to it."""


class Bridge:
    """Runs units on Dask workers; starts a cluster when the first unit arrives.

    Args:
        address: of an existing scheduler, such as "tcp://127.0.0.1:8786" or "tls://host:8786"
            (certificates: from Dask's own configuration); its workers must offer the resources GPU
            and CPU, and its `allowed-failures` should be 0.
        workers: worker processes of the new cluster; None chooses by cores, memory and GPUs.
        cluster: dotted name of the class of the cluster to start; None starts the local one.
        cluster_options: keyword arguments of that class.
        worker_wait: seconds to wait for workers that offer what a unit needs.
    """

    def __init__(
        self,
        address: str | None = None,
        workers: int | None = None,
        cluster: str | None = None,
        cluster_options: Mapping[str, Any] | None = None,
        worker_wait: float = WORKER_WAIT_SECONDS,
    ) -> None:
        self._address = address
        self._count = workers
        self._class = cluster
        self._options = cluster_options or {}
        self._lock = threading.Lock()
        self._running: dict[int, str] = {}
        self._slots = Slots(self._ask, worker_wait)
        self._cluster: Any = None
        self._connection: _Connection | None = None
        self._closed = False

    @property
    def address(self) -> str | None:
        """Address of the scheduler; None before the first unit starts a cluster."""
        return self._address if self._cluster is None else str(self._cluster.scheduler_address)

    @property
    def started(self) -> bool:
        """Whether a unit had to run, and therefore a cluster exists."""
        return self._connection is not None

    @property
    def closed(self) -> bool:
        """Whether the run has ended, so that no more units start."""
        return self._closed

    def run(
        self,
        unit: Callable[..., Any],
        *args: Any,
        resource: Resource,
        kind: str = "",
        name: str = "",
        timeout: float | None = None,
    ) -> UnitRun:
        """Run `unit(*args)` on a worker that offers `resource`, and wait for it.

        Its log lines are logged again here, in the calling thread.

        Args:
            unit: function that is called on the worker with `args`.
            args: its arguments.
            resource: what the unit occupies.
            kind: kind of the unit, such as that of its stage; by default the function's name.
            name: name of the unit in messages; by default its kind.
            timeout: most seconds from its start until it is stopped.

        Raises:
            UnitError: the unit raised (the message is its own), took too long, or its worker died.
            RunEndedError: the run was ended before the unit started.
            BridgeError: there is no worker to run on.
        """
        self._start()
        kind = kind or unit.__name__
        name = name or kind
        outcome: Outcome | None = None
        for _ in range(_TRIES):
            with self._slots.take(resource) as worker:
                outcome = self._run_on(worker, unit, args, resource, kind, name, timeout)
            if outcome is not None:
                break
        if outcome is None:
            raise worker_died(name, 0.0)
        return returned(outcome)

    def slots(self, resource: Resource) -> int:
        """Return how many units of a kind can run at the same time now; start the cluster.

        Raises:
            BridgeError: the scheduler does not answer, or the run was ended.
        """
        self._start()
        return self._slots.count(resource)

    def close(self) -> None:
        """Stop the cluster, or leave the existing one; running units are stopped."""
        with self._lock:
            self._closed = True
            connection, self._connection = self._connection, None
            cluster, self._cluster = self._cluster, None
            running = sorted(set(self._running.values()))
        if connection is not None:
            client, *_ = connection
            if cluster is None and running:
                with suppress(OSError, TimeoutError):
                    stop_workers(client, running)
            with suppress(TimeoutError):  # the cluster is closed in any case
                client.close(timeout=5)
        if cluster is not None:
            _close_cluster(cluster)

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
            if self._connection is None and not self._closed:
                self._connect()

    def _connect(self) -> None:
        configure_dask()
        from tasks.dask_bridge.client import OwnedClient

        address = self._address
        if address is None:
            self._cluster = (
                start_local_cluster(self._count)
                if self._class is None
                else start_cluster(self._class, self._options, self._count)
            )
            address = self._cluster.scheduler_address
            logger.info("started a cluster at %s", address)
        try:
            client = OwnedClient(  # type: ignore[no-untyped-call]
                address if self._cluster is None else self._cluster,
                timeout=_CONNECT_SECONDS,
                set_as_default=False,
            )
        except (OSError, TypeError, ValueError) as error:  # TypeError: TLS is not configured
            started, self._cluster = self._cluster, None
            if started is not None:  # the next unit starts another one
                _close_cluster(started)
                raise BridgeError(
                    f"the cluster that was started at {address} does not answer ({error}); the "
                    "machine may be overloaded: run again, with fewer workers if it happens again"
                ) from None
            raise BridgeError(
                f"no Dask scheduler answers at {address} ({error}); start one with "
                "`dask scheduler`, or omit the address for a local cluster"
            ) from None
        self._connection = client, WorkerLog(client), KeptGroups(client)

    def _run_on(
        self,
        worker: str,
        unit: Callable[..., Any],
        args: tuple[Any, ...],
        resource: Resource,
        kind: str,
        name: str,
        timeout: float | None,
    ) -> Outcome | None:
        with self._lock:
            client, log, groups = self._connected()
            self._running[threading.get_ident()] = worker
        try:
            return Submission(
                client,
                log,
                groups,
                self._slots,
                kind,
                name,
                unit,
                args,
                worker,
                resource,
                lambda: self._closed,
            ).wait(timeout)
        finally:
            with self._lock:
                self._running.pop(threading.get_ident(), None)

    def _connected(self) -> _Connection:
        connection = self._connection
        if connection is None:
            raise RunEndedError
        return connection

    def _ask(self) -> Workers:
        client, *_ = self._connected()
        try:
            workers: Workers = client.sync(client.scheduler.identity, n_workers=-1)["workers"]
        except OSError as error:
            if self._closed:
                raise RunEndedError from None
            raise BridgeError(f"the Dask scheduler no longer answers: {error}") from None
        return workers


def _close_cluster(cluster: Any) -> None:
    with suppress(TimeoutError):  # its processes end with this one at the latest
        cluster.close(timeout=_CLOSE_SECONDS)
