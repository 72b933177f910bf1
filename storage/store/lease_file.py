"""The small file that a lease is: who wrote it, and whether that process still lives."""

import json
import time
from dataclasses import dataclass
from typing import Any

from storage.files.folder import STAGING, Folder
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
        self._seen: bytes | None = None
        self._since = time.monotonic()

    def is_free(self, found: bytes | None) -> bool:
        """Whether nobody holds it, by a further look that found these bytes in its file."""
        if found != self._seen:
            self._seen, self._since = found, time.monotonic()
        return found is None or _is_dead(lease_record(found), time.monotonic() - self._since)


def lease_path(place: str) -> str:
    """File of the lease of the artifact at `place` ("kind/key"), relative to the store."""
    return f"{STAGING}/{place}.lease"


def lease_record(found: bytes) -> dict[str, Any]:
    """What the bytes of a lease file say; nothing where they are damaged."""
    try:
        record = json.loads(found)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def read_owner(folder: Folder, path: str) -> LeaseOwner | None:
    """Who writes the lease file at `path`; None without one, or where it is damaged."""
    data = folder.read_if_there(path)
    if data is None or not (found := lease_record(data)):
        return None
    return LeaseOwner(
        str(found.get("host", "")),
        int(found.get("pid", 0)),
        float(found.get("time", 0.0)),
        _is_dead(found, 0.0),
        float(found.get("seconds", 0.0)),
    )


def _is_dead(record: dict[str, Any], unchanged: float) -> bool:
    return unchanged >= float(record.get("seconds", 0.0)) or has_ended(record)
