"""Assigns slots: which thread may submit a unit now, and to which worker.

We count slots here instead of leaving it to Dask, because we never queue a unit on a busy worker:
if the worker died, the waiting unit would be counted as the cause and fail.
"""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tasks.errors import BridgeError
from tasks.machine.resources import Resource

POLL_SECONDS = 1.0
"""Maximum age of the list of workers, and how often a waiting thread checks."""

Workers = Mapping[str, Mapping[str, Any]]
"""Address to "name", "nthreads" and "resources", as Dask's scheduler reports them."""


class _Waiter:
    def __init__(self) -> None:
        self.ready = threading.Event()
        self.worker: str | None = None


class Slots:
    """Assigns free slots, first come first served for each resource.

    Args:
        ask: returns the current workers; called at most once per POLL_SECONDS.
        patience: seconds without any worker for a resource before that is an error: a killed
            worker is back within a few, but the first ones of a cluster may have to queue.
    """

    def __init__(self, ask: Callable[[], Workers], patience: float) -> None:
        self._ask = ask
        self._patience = patience
        self._lock = threading.Lock()
        self._waiting: dict[Resource, deque[_Waiter]] = defaultdict(deque)
        self._used: dict[str, dict[Resource, int]] = defaultdict(lambda: defaultdict(int))
        self._known: Workers = {}
        self._asked = 0.0

    @contextmanager
    def take(self, resource: Resource) -> Iterator[str]:
        """Hold a slot until the block ends; yield the worker's address.

        Raises:
            BridgeError: no worker offers the resource, or the workers cannot be listed.
        """
        waiter = _Waiter()
        with self._lock:
            self._waiting[resource].append(waiter)
        try:
            yield self._wait(waiter, resource)
        finally:
            with self._lock:
                if waiter.worker is None:
                    self._waiting[resource].remove(waiter)
                else:
                    self._used[waiter.worker][resource] -= 1
                    if not any(self._used[waiter.worker].values()):
                        del self._used[waiter.worker]
                self._hand_out()

    def workers(self) -> Workers:
        """Return the current workers; asked for at most once per POLL_SECONDS."""
        with self._lock:
            if time.monotonic() - self._asked <= POLL_SECONDS:
                return self._known
        known = self._ask()
        with self._lock:
            self._known, self._asked = known, time.monotonic()
        return known

    def count(self, resource: Resource) -> int:
        """Return the slots of all current workers, in use or not."""
        return sum(
            min(int(worker["nthreads"]), int(worker["resources"].get(resource, 0)))
            for worker in self.workers().values()
        )

    def forget(self, worker: str) -> None:
        """Assign no slot of a worker that died until the workers have been listed again."""
        with self._lock:
            self._known = {a: w for a, w in self._known.items() if a != worker}
            self._asked = 0.0

    def _wait(self, waiter: _Waiter, resource: Resource) -> str:
        missing_since: float | None = None
        while waiter.worker is None:
            workers = self.workers()
            with self._lock:
                self._hand_out()
            if any(_offers(worker, resource) for worker in workers.values()):
                missing_since = None
            elif missing_since is None:
                missing_since = time.monotonic()
            elif time.monotonic() - missing_since > self._patience:
                raise BridgeError(
                    f"none of the {len(workers)} Dask workers offers the resource {resource}, for "
                    f"{self._patience:.0f} s; start them with "
                    '`dask worker ADDRESS --resources "GPU=1 CPU=1"`, or wait longer for them '
                    "with --worker-wait"
                )
            waiter.ready.wait(POLL_SECONDS)
        return waiter.worker

    def _hand_out(self) -> None:
        """Assign free slots to the threads that have waited longest; call with the lock held."""
        for resource, waiting in self._waiting.items():
            while waiting and (worker := self._free_worker(resource)) is not None:
                waiter = waiting.popleft()
                self._used[worker][resource] += 1
                waiter.worker = worker
                waiter.ready.set()

    def _free_worker(self, resource: Resource) -> str | None:
        free = [a for a, worker in self._known.items() if self._is_free(a, worker, resource)]
        return min(free, key=lambda a: (self._count(a), a), default=None)

    def _is_free(self, address: str, worker: Mapping[str, Any], resource: Resource) -> bool:
        if not _offers(worker, resource) or self._count(address) >= worker["nthreads"]:
            return False
        used = self._used[address][resource] if address in self._used else 0
        return bool(used + 1 <= worker["resources"][resource])

    def _count(self, address: str) -> int:
        return sum(self._used[address].values()) if address in self._used else 0


def _offers(worker: Mapping[str, Any], resource: Resource) -> bool:
    return bool(worker["resources"].get(resource, 0))
