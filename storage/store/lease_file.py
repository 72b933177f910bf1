"""The small file that a lease is: who wrote it, and whether that process still lives."""

import json
import math
import time
from dataclasses import dataclass
from typing import Any

from storage.files.folder import STAGING, Folder
from storage.files.processes import has_ended
from storage.files.store_clock import file_age

LEASE_SECONDS = 20.0
"""An owner that has not written for so long has died."""


@dataclass(frozen=True)
class LeaseOwner:
    """Who holds a lease, by one look at its file.

    Args:
        host: its machine.
        pid: its process there.
        beats: signs of life that it has given.
        ended: whether it is known to have ended.
        silent: seconds since its last sign of life, by the store's clock.
        seconds: that it may be silent.
    """

    host: str
    pid: int
    beats: int
    ended: bool
    silent: float
    seconds: float

    @property
    def is_alive(self) -> bool:
        """Whether it lives as far as one look tells."""
        return not self.ended and self.silent < self.seconds


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
    return record if isinstance(record, dict) and _is_whole(record) else {}


def _is_whole(record: dict[str, Any]) -> bool:
    text = all(isinstance(record.get(name), str) for name in ("token", "host", "machine"))
    numbers = all(type(record.get(name)) is int for name in ("pid", "beat"))
    seconds = record.get("seconds")
    return (
        text
        and numbers
        and record["pid"] > 0
        and isinstance(record.get("started"), str)
        and isinstance(seconds, int | float)
        and 0.0 <= seconds < math.inf
    )


def read_owner(folder: Folder, path: str) -> LeaseOwner | None:
    """Who writes the lease file at `path`; None without one, or where it is damaged."""
    data = folder.read_if_there(path)
    if data is None or not (found := lease_record(data)):
        return None
    ended = _is_dead(found, 0.0)
    try:
        silent = 0.0 if ended else file_age(folder, path)
    except FileNotFoundError:
        return None
    seconds = float(found["seconds"])
    return LeaseOwner(found["host"], found["pid"], found["beat"], ended, silent, seconds)


def _is_dead(record: dict[str, Any], unchanged: float) -> bool:
    return not record or unchanged >= record["seconds"] or has_ended(record)
