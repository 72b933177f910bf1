"""Leases: of several writers of one artifact one works, the others wait, and take over if it dies.

A lease is a small file that its owner rewrites every few seconds. Whoever waits takes the owner
for dead when the file has not changed for the promised time, measured by its own clock, or at
once when the owner was a process of this machine and is gone.
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
from storage.store.delayed_calls import ALARM
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
"""Times that a living owner writes within LEASE_SECONDS."""

_LOOK = 0.2
"""Seconds between two looks of a waiting writer."""

_of_thread = threading.local()


class Lease:
    """Held until the `with` block ends; a thread keeps it alive. Made by `take_lease`.

    The thread that holds it may take it again: it is given back when the outermost block ends.
    """

    def __init__(self, folder: Folder, path: str, seconds: float) -> None:
        self._folder = folder
        self._path = path
        self._seconds = seconds
        self.token = uuid.uuid4().hex
        self._record = {
            "token": self.token,
            "beat": 0,
            "time": time.time(),  # for versions that compare clocks
            "seconds": seconds,
            **this_process(),
        }
        self._written = b""
        self._lost = False
        self._depth = 0
        self._end = threading.Event()
        self._changing = threading.Lock()
        self._alarm: object = None
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
            ALARM.cancel(self._alarm)
        if self._thread is not None:
            self._thread.join()
        self._swap(None)

    def check(self) -> None:
        """Make sure that nobody took over, as happens to a writer that was stopped for long.

        Raises:
            LeaseLostError: another writer works on it now.
        """
        if (error := self.loss()) is not None:
            raise error

    def loss(self) -> LeaseLostError | None:
        """The error that tells that it was lost; None while it is this writer's."""
        if self.is_valid():
            return None
        return LeaseLostError(
            f"Another writer took {self._folder.location(self._path)} over, because this one "
            "gave no sign of life. Let it finish: the result will be found."
        )

    def is_valid(self) -> bool:
        """Whether it is still this writer's; one look."""
        return not self._lost and self._own_bytes() is not None

    def begin(self, former: bytes | None = None) -> bool:
        """Write the file and keep it alive, unless it does not hold `former` any more."""
        data = to_json(self._record)
        if not self._folder.swap(self._path, former, data):
            return False
        self._written = data
        self._alarm = ALARM.set(self._seconds / _BEATS, self._grow_old)
        return True

    def _own_bytes(self) -> bytes | None:
        """What the file holds, if it is still this writer's."""
        found = self._folder.read_if_there(self._path)
        is_own = found is not None and lease_record(found).get("token") == self.token
        return found if is_own else None

    def _swap(self, data: bytes | None) -> None:
        """Replace or remove the file if it is still this writer's; else the lease is lost."""
        while not self._lost and not self._folder.swap(self._path, self._written, data):
            # A request whose answer was lost may have written it all the same.
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
        """Only a lease that is held for long has a thread, of its own: a store may be slow."""
        with self._changing:
            if not self._end.is_set():
                thread = threading.Thread(target=self._keep_alive, daemon=True, name="lease")
                self._thread = thread
                thread.start()

    def beat(self) -> None:
        """Give a sign of life, unless it is lost; its thread does so every few seconds."""
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

    A thread that holds it gets the same one again. On an object store that refuses preconditions
    two writers that come at the same instant may both get one; artifacts stay whole even then.

    Args:
        folder: the store.
        place: of the artifact.
        seconds: without a sign of life after which others may take over.
        until: asked between two looks; true ends the waiting.

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
    """The lease of the artifact at `place`, or None if one look finds it in other hands."""
    looks = iter((False,))
    return take_lease(folder, place, until=lambda: next(looks, True))


def await_release(folder: Folder, place: str, until: Callable[[], bool]) -> None:
    """Wait, without taking it, until nobody holds the lease of `place`, or `until` is true."""
    watch = LeaseWatch()
    while not watch.is_free(folder.read_if_there(lease_path(place))) and not until():
        time.sleep(_LOOK)


def is_leased(folder: Folder, place: str) -> bool:
    """Whether an owner, dead or alive, holds the artifact at `place`; one look."""
    owner = lease_owner(folder, place)
    return owner is not None and not owner.ended


def lease_owner(folder: Folder, place: str) -> LeaseOwner | None:
    """Who holds the lease of `place`, if anybody does; one look."""
    return read_owner(folder, lease_path(place))


def _held() -> dict[str, Lease]:
    """Leases of this thread by their file."""
    leases: dict[str, Lease] | None = getattr(_of_thread, "leases", None)
    if leases is None:
        leases = _of_thread.leases = {}
    return leases
