"""Leases: of several writers of one artifact one works, the others wait, and take over if it dies.

A lease is a small file that its owner rewrites every few seconds. Whoever waits takes the owner
for dead when the file has not changed for the promised time, measured by its own clock, or at
once when the owner was a process of this machine and is gone.
"""

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from storage.errors import LeaseLostError, StoreAccessError
from storage.folder import STAGING, Folder
from storage.marker import to_json

LEASE_SECONDS = 20.0
"""An owner that has not written for so long has died."""

_BEATS = 5
"""Times that a living owner writes within that time."""

_LOOK = 0.2
"""Seconds between two looks of a waiting writer."""


class Lease:
    """Held until the `with` block ends; a thread keeps it alive. Made by `take_lease`."""

    def __init__(self, folder: Folder, path: str, seconds: float) -> None:
        self._folder = folder
        self._path = path
        self._seconds = seconds
        self._record = {"token": uuid.uuid4().hex, "beat": 0, "seconds": seconds, **_this_process()}
        self._lost = False
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._keep_alive, daemon=True, name="lease")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join()
        with _guarded(self._folder):
            if not self._lost and self._is_mine():
                self._folder.remove(self._path)

    def check(self) -> None:
        """Make sure that nobody took over, as happens to a writer that was stopped for long.

        Raises:
            LeaseLostError: another writer works on it now.
        """
        if self._lost or not self._is_mine():
            raise LeaseLostError(
                f"Another writer took {self._folder.location(self._path)} over, because this one "
                "gave no sign of life. Let it finish: the result will be found."
            )

    def begin(self) -> None:
        """Write the file (under the guard), and keep it alive."""
        self._folder.write(self._path, to_json(self._record))
        self._thread.start()

    def _is_mine(self) -> bool:
        found = _read(self._folder, self._path)
        return found is not None and found.get("token") == self._record["token"]

    def _keep_alive(self) -> None:
        while not self._end.wait(self._seconds / _BEATS):
            with suppress(OSError, StoreAccessError), _guarded(self._folder):
                if not self._is_mine():
                    self._lost = True
                    return
                self._record["beat"] += 1
                self._folder.write(self._path, to_json(self._record))


def take_lease(
    folder: Folder,
    place: str,
    *,
    seconds: float = LEASE_SECONDS,
    until: Callable[[], bool] = lambda: False,
) -> Lease | None:
    """Wait for the lease of the artifact at `place` ("kind/key"), and take it.

    On an object store, which locks nothing, two writers that come at the same instant may both
    get one; artifacts stay whole even then.

    Args:
        folder: the store.
        place: of the artifact.
        seconds: without a sign of life after which others may take over.
        until: asked between two looks; true ends the waiting.

    Returns:
        The lease, or None as soon as `until` is true.
    """
    path = f"{STAGING}/{place}.lease"
    seen: dict[str, Any] | None = None
    since = time.monotonic()
    while not until():
        with _guarded(folder):
            found = _read(folder, path)
            if found != seen:
                seen, since = found, time.monotonic()
            if found is None or _is_dead(found, time.monotonic() - since):
                lease = Lease(folder, path, seconds)
                lease.begin()
                return lease
        time.sleep(_LOOK)
    return None


def is_leased(folder: Folder, place: str) -> bool:
    """Whether an owner, dead or alive, holds the artifact at `place`; one look."""
    found = _read(folder, f"{STAGING}/{place}.lease")
    return found is not None and not _is_dead(found, 0.0)


def _read(folder: Folder, path: str) -> dict[str, Any] | None:
    try:
        found = json.loads(folder.read(path))
    except FileNotFoundError:
        return None
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _is_dead(record: dict[str, Any], unchanged: float) -> bool:
    if unchanged >= float(record.get("seconds", 0.0)):
        return True
    here = _this_process()
    if not here["machine"] or record.get("machine") != here["machine"]:
        return False
    return bool(_started(int(record["pid"])) != record["started"])


def _this_process() -> dict[str, Any]:
    return {
        "host": socket.gethostname(),
        "machine": _machine(),
        "pid": os.getpid(),
        "started": _started(os.getpid()),
    }


def _machine() -> str:
    """Identity of what process ids count in: this boot, this container; empty if unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a process began (a number that is given once per boot); empty when it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


@contextmanager
def _guarded(folder: Folder) -> Iterator[None]:
    """Alone among the processes that read and then write leases of a local store."""
    if not folder.is_local:
        yield
        return
    import fcntl

    Path(folder.url).mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder.url, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
