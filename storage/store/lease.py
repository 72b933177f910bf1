"""Leases: one writer of an artifact works; the others wait, and take over if it dies.

A lease is a small file that its owner rewrites every few seconds. A waiting writer treats the owner
as dead if the file has not changed for the promised time, measured by the waiting writer's clock.
If the owner was a process of the same machine, its end is noticed at once.
"""

import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from storage.errors import LeaseLostError, StoreAccessError
from storage.files.folder import Folder
from storage.files.processes import this_process
from storage.store.delayed_calls import DELAYED_CALLS
from storage.store.lease_file import (
    LEASE_SECONDS,
    LeaseOwner,
    LeaseWatch,
    lease_path,
    lease_record,
    read_owner,
)
from storage.store.marker import to_json

_BEATS = 5
"""How often a living owner writes within LEASE_SECONDS."""

_LOOK = 0.2
"""Seconds between two checks of a waiting writer."""

_of_thread = threading.local()


class Lease:
    """Held until the `with` block ends; a thread keeps it alive. Made by `take_lease`.

    The thread that holds it may take it again. It is released when the outermost block ends.
    """

    def __init__(self, folder: Folder, path: str, seconds: float) -> None:
        self._folder = folder
        self._path = path
        self._seconds = seconds
        self.token = uuid.uuid4().hex
        self._record = {
            "token": self.token,
            "beat": 0,
            "time": time.time(),  # for older versions, which compare clocks
            "seconds": seconds,
            **this_process(),
        }
        self._written = b""
        self._lost = False
        self._depth = 0
        self._end = threading.Event()
        self._changing = threading.Lock()
        self._delayed: object = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._depth += 1
        _held()[self._folder.location(self._path)] = self
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._depth -= 1
        if self._depth:
            return
        if _held().get(self._folder.location(self._path)) is self:
            del _held()[self._folder.location(self._path)]
        with self._changing:
            self._end.set()
            DELAYED_CALLS.cancel(self._delayed)
        if self._thread is not None:
            self._thread.join()
        self._swap(None)

    def check(self) -> None:
        """Raise an error if another writer took over because this one was stopped for too long.

        Raises:
            LeaseLostError: another writer has taken over.
        """
        if (error := self.loss()) is not None:
            raise error

    def loss(self) -> LeaseLostError | None:
        """The error that says that the lease was lost; None while this writer holds it."""
        if self.is_valid():
            return None
        return LeaseLostError(
            f"Another writer took over {self._folder.location(self._path)}, because this one "
            "gave no sign of life. Let it finish, then run again: its result is reused."
        )

    def is_valid(self) -> bool:
        """Whether this writer still holds the lease; reads its file once."""
        return not self._lost and self._own_bytes() is not None

    def begin(self, former: bytes | None = None) -> bool:
        """Write the file and keep it alive, if it still holds `former`; returns whether it did."""
        data = to_json(self._record)
        if not self._folder.swap(self._path, former, data):
            return False
        self._written = data
        self._delayed = DELAYED_CALLS.set(self._seconds / _BEATS, self._grow_old)
        return True

    def _own_bytes(self) -> bytes | None:
        """Content of the file, if this writer still holds the lease."""
        found = self._folder.read_if_there(self._path)
        is_own = found is not None and lease_record(found).get("token") == self.token
        return found if is_own else None

    def _swap(self, data: bytes | None) -> None:
        """Replace or remove the file if this writer still holds it; otherwise the lease is lost."""
        while not self._lost and not self._folder.swap(self._path, self._written, data):
            # A request may have written the file although its answer was lost.
            found = self._own_bytes()
            if found is None:
                self._lost = True
            elif found == self._written:
                return  # the next sign of life tries again
            else:
                self._written = found
        if data is not None:
            self._written = data

    def _grow_old(self) -> None:
        """Start the lease's own thread, once it is held for long; a store may be slow."""
        with self._changing:
            if not self._end.is_set():
                thread = threading.Thread(target=self._keep_alive, daemon=True, name="lease")
                self._thread = thread
                thread.start()

    def beat(self) -> None:
        """Give a sign of life unless the lease is lost; its thread does so every few seconds."""
        self._record["beat"] += 1
        self._record["time"] = time.time()
        with suppress(OSError, StoreAccessError):
            self._swap(to_json(self._record))

    def _keep_alive(self) -> None:
        while True:
            self.beat()
            if self._lost or self._end.wait(self._seconds / _BEATS):
                return


def take_lease(
    folder: Folder,
    place: str,
    *,
    seconds: float = LEASE_SECONDS,
    until: Callable[[], bool] = lambda: False,
) -> Lease | None:
    """Wait for the lease of the artifact at `place` ("kind/key"), and take it.

    A thread that holds the lease gets the same one again. If an object store refuses preconditions,
    two writers that start at the same moment may both get a lease. Artifacts stay whole even then.

    Args:
        folder: the store.
        place: place of the artifact.
        seconds: seconds without a sign of life after which others may take over.
        until: called between two checks; true ends the waiting.

    Returns:
        The lease, or None as soon as `until` is true.
    """
    path = lease_path(place)
    mine = held_lease(folder, place)
    if mine is not None and mine.is_valid():
        return None if until() else mine
    watch = LeaseWatch()
    while not until():
        found = folder.read_if_there(path)
        if watch.is_free(found):
            lease = Lease(folder, path, seconds)
            if lease.begin(found):
                return lease
        time.sleep(_LOOK)
    return None


def held_lease(folder: Folder, place: str) -> Lease | None:
    """The lease of the artifact at `place` that this thread holds, lost or not."""
    return _held().get(folder.location(lease_path(place)))


def free_lease(folder: Folder, place: str) -> Lease | None:
    """The lease of the artifact at `place`, or None if somebody else holds it; does not wait."""
    looks = iter((False,))
    return take_lease(folder, place, until=lambda: next(looks, True))


def await_release(folder: Folder, place: str, until: Callable[[], bool]) -> None:
    """Wait, without taking it, until nobody holds the lease of `place`, or `until` is true."""
    watch = LeaseWatch()
    while not watch.is_free(folder.read_if_there(lease_path(place))) and not until():
        time.sleep(_LOOK)


def is_leased(folder: Folder, place: str) -> bool:
    """Whether an owner, dead or alive, holds the artifact at `place`."""
    owner = lease_owner(folder, place)
    return owner is not None and not owner.ended


def lease_owner(folder: Folder, place: str) -> LeaseOwner | None:
    """Who holds the lease of `place`, or None."""
    return read_owner(folder, lease_path(place))


def _held() -> dict[str, Lease]:
    """Leases of this thread by the path of their file."""
    leases: dict[str, Lease] | None = getattr(_of_thread, "leases", None)
    if leases is None:
        leases = _of_thread.leases = {}
    return leases
