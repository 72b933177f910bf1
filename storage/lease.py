"""Leases: of several writers of one artifact one works, the others wait, and take over if it dies.

A lease is a small file that its owner rewrites every few seconds. Whoever waits takes the owner
for dead when the file has not changed for the promised time, measured by its own clock, or at
once when the owner was a process of this machine and is gone.
"""

import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from storage.errors import LeaseLostError, StoreAccessError
from storage.folder import STAGING, Folder, store_error
from storage.marker import to_json
from storage.processes import has_ended, this_process

LEASE_SECONDS = 20.0
"""An owner that has not written for so long has died."""

_BEATS = 5
"""Times that a living owner writes within that time."""

_LOOK = 0.2
"""Seconds between two looks of a waiting writer."""

_of_thread = threading.local()


@dataclass(frozen=True)
class LeaseOwner:
    """Who holds a lease.

    Args:
        host: its machine.
        pid: its process there.
        beat: seconds since 1970 of its last sign of life, by its own clock.
        ended: whether it is known to have ended.
        seconds: that it may be silent.
    """

    host: str
    pid: int
    beat: float
    ended: bool
    seconds: float = LEASE_SECONDS

    @property
    def is_alive(self) -> bool:
        """Whether it lives as far as one look tells; clocks of machines agree to seconds."""
        return not self.ended and time.time() - self.beat < self.seconds


class Lease:
    """Held until the `with` block ends; a thread keeps it alive. Made by `take_lease`.

    The thread that holds it may take it again: it is given back when the outermost block ends.
    """

    def __init__(self, folder: Folder, path: str, seconds: float) -> None:
        self._folder = folder
        self._path = path
        self._seconds = seconds
        self._record = {
            "token": uuid.uuid4().hex,
            "beat": 0,
            "time": time.time(),
            "seconds": seconds,
            **this_process(),
        }
        self._lost = False
        self._depth = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._keep_alive, daemon=True, name="lease")

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
        self._end.set()
        self._thread.join()
        with _guarded(self._folder):
            if self.is_valid():
                self._folder.remove(self._path)

    def check(self) -> None:
        """Make sure that nobody took over, as happens to a writer that was stopped for long.

        Raises:
            LeaseLostError: another writer works on it now.
        """
        if not self.is_valid():
            raise LeaseLostError(
                f"Another writer took {self._folder.location(self._path)} over, because this one "
                "gave no sign of life. Let it finish: the result will be found."
            )

    def is_valid(self) -> bool:
        """Whether it is still this writer's; one look."""
        if self._lost:
            return False
        found = _read(self._folder, self._path)
        return found is not None and found.get("token") == self._record["token"]

    def begin(self) -> None:
        """Write the file (under the guard), and keep it alive."""
        self._folder.write(self._path, to_json(self._record))
        self._thread.start()

    def _keep_alive(self) -> None:
        while not self._end.wait(self._seconds / _BEATS):
            with suppress(OSError, StoreAccessError), _guarded(self._folder):
                if not self.is_valid():
                    self._lost = True
                    return
                self._record["beat"] += 1
                self._record["time"] = time.time()
                self._folder.write(self._path, to_json(self._record))


class _Watch:
    """What a waiting process has seen of a lease so far."""

    def __init__(self) -> None:
        self._seen: dict[str, Any] | None = None
        self._since = time.monotonic()

    def is_free(self, found: dict[str, Any] | None) -> bool:
        """Whether nobody holds it, by a further look that found this."""
        if found != self._seen:
            self._seen, self._since = found, time.monotonic()
        return found is None or _is_dead(found, time.monotonic() - self._since)


def take_lease(
    folder: Folder,
    place: str,
    *,
    seconds: float = LEASE_SECONDS,
    until: Callable[[], bool] = lambda: False,
) -> Lease | None:
    """Wait for the lease of the artifact at `place` ("kind/key"), and take it.

    A thread that holds it gets the same one again. On an object store, which locks nothing, two
    writers that come at the same instant may both get one; artifacts stay whole even then.

    Args:
        folder: the store.
        place: of the artifact.
        seconds: without a sign of life after which others may take over.
        until: asked between two looks; true ends the waiting.

    Returns:
        The lease, or None as soon as `until` is true.
    """
    path = _path(place)
    mine = _held().get(folder.location(path))
    if mine is not None and mine.is_valid():
        return None if until() else mine
    watch = _Watch()
    while not until():
        with _guarded(folder):
            if watch.is_free(_read(folder, path)):
                lease = Lease(folder, path, seconds)
                lease.begin()
                return lease
        time.sleep(_LOOK)
    return None


def await_release(folder: Folder, place: str, until: Callable[[], bool]) -> None:
    """Wait, without taking it, until nobody holds the lease of `place`, or `until` is true."""
    watch = _Watch()
    while not watch.is_free(_read(folder, _path(place))) and not until():
        time.sleep(_LOOK)


def is_leased(folder: Folder, place: str) -> bool:
    """Whether an owner, dead or alive, holds the artifact at `place`; one look."""
    owner = lease_owner(folder, place)
    return owner is not None and not owner.ended


def lease_owner(folder: Folder, place: str) -> LeaseOwner | None:
    """Who holds the lease of `place`, if anybody does; one look."""
    return read_owner(folder, _path(place))


def read_owner(folder: Folder, path: str) -> LeaseOwner | None:
    """Who writes the lease file at `path`; None without one, or where it is damaged."""
    found = _read(folder, path)
    if not found:
        return None
    return LeaseOwner(
        str(found.get("host", "")),
        int(found.get("pid", 0)),
        float(found.get("time", 0.0)),
        _is_dead(found, 0.0),
        float(found.get("seconds", 0.0)),
    )


def _held() -> dict[str, Lease]:
    """Leases of this thread by their file."""
    leases: dict[str, Lease] | None = getattr(_of_thread, "leases", None)
    if leases is None:
        leases = _of_thread.leases = {}
    return leases


def _path(place: str) -> str:
    return f"{STAGING}/{place}.lease"


def _read(folder: Folder, path: str) -> dict[str, Any] | None:
    try:
        found = json.loads(folder.read(path))
    except FileNotFoundError:
        return None
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _is_dead(record: dict[str, Any], unchanged: float) -> bool:
    return unchanged >= float(record.get("seconds", 0.0)) or has_ended(record)


@contextmanager
def _guarded(folder: Folder) -> Iterator[None]:
    """Alone among the processes that read and then write leases of a local store."""
    if not folder.is_local:
        yield
        return
    import fcntl

    try:
        Path(folder.url).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise store_error(folder.url, "a lease", error) or error from error
    descriptor = os.open(folder.url, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
