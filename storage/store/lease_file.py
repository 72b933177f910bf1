"""The file of a lease: who wrote it, and whether that process is still alive."""

import json
import math
import time
from dataclasses import dataclass
from typing import Any

from storage.files.folder import STAGING, Folder
from storage.files.processes import has_ended
from storage.files.store_clock import file_age

LEASE_SECONDS = 20.0
"""Seconds without a write after which an owner counts as dead."""


@dataclass(frozen=True)
class LeaseOwner:
    """Who holds a lease, from one read of its file.

    Args:
        host: name of the owner's machine.
        pid: process id on that machine.
        beats: number of signs of life so far.
        ended: whether the process is known to have ended.
        silent: seconds since the last sign of life, by the store's clock.
        seconds: how long the owner may be silent.
    """

    host: str
    pid: int
    beats: int
    ended: bool
    silent: float
    seconds: float

    @property
    def is_alive(self) -> bool:
        """Whether the owner is alive, as far as one read can show."""
        return not self.ended and self.silent < self.seconds


class LeaseWatch:
    """What a waiting process has seen of a lease."""

    def __init__(self) -> None:
        self._seen: bytes | None = None
        self._since = time.monotonic()

    def is_free(self, found: bytes | None) -> bool:
        """Whether nobody holds the lease, given the bytes that its file holds now."""
        if found != self._seen:
            self._seen, self._since = found, time.monotonic()
        return found is None or _is_dead(lease_record(found), time.monotonic() - self._since)


def lease_path(place: str) -> str:
    """File of the lease of the artifact at `place` ("kind/key"), relative to the store."""
    return f"{STAGING}/{place}.lease"


def lease_record(found: bytes) -> dict[str, Any]:
    """The record in the bytes of a lease file; empty if they are damaged."""
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
        and not isinstance(seconds, bool)
        and 0.0 <= seconds < math.inf
    )


def read_owner(folder: Folder, path: str) -> LeaseOwner | None:
    """Who writes the lease file at `path`; None if it is missing or damaged."""
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
