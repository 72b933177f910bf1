"""The small file that a lease is: who wrote it, and whether that process still lives."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.files.folder import STAGING, Folder, store_error
from storage.files.processes import has_ended

LEASE_SECONDS = 20.0
"""An owner that has not written for so long has died."""


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


class LeaseWatch:
    """What a waiting process has seen of a lease so far."""

    def __init__(self) -> None:
        self._seen: dict[str, Any] | None = None
        self._since = time.monotonic()

    def is_free(self, found: dict[str, Any] | None) -> bool:
        """Whether nobody holds it, by a further look that found this."""
        if found != self._seen:
            self._seen, self._since = found, time.monotonic()
        return found is None or _is_dead(found, time.monotonic() - self._since)


def lease_path(place: str) -> str:
    """File of the lease of the artifact at `place` ("kind/key"), relative to the store."""
    return f"{STAGING}/{place}.lease"


def read_lease(folder: Folder, path: str) -> dict[str, Any] | None:
    """What a lease file says: nothing where it is damaged; None where there is none."""
    try:
        found = json.loads(folder.read(path))
    except FileNotFoundError:
        return None
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def read_owner(folder: Folder, path: str) -> LeaseOwner | None:
    """Who writes the lease file at `path`; None without one, or where it is damaged."""
    found = read_lease(folder, path)
    if not found:
        return None
    return LeaseOwner(
        str(found.get("host", "")),
        int(found.get("pid", 0)),
        float(found.get("time", 0.0)),
        _is_dead(found, 0.0),
        float(found.get("seconds", 0.0)),
    )


@contextmanager
def guarded(folder: Folder) -> Iterator[None]:
    """Alone among the processes that read and then write leases of a local store."""
    if not folder.is_local:
        yield
        return
    import fcntl

    descriptor = _opened(folder.url)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _opened(url: str) -> int:
    try:
        return os.open(url, os.O_RDONLY)
    except FileNotFoundError:
        pass
    try:
        Path(url).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise store_error(url, "a lease", error) or error from error
    return os.open(url, os.O_RDONLY)


def _is_dead(record: dict[str, Any], unchanged: float) -> bool:
    return unchanged >= float(record.get("seconds", 0.0)) or has_ended(record)
