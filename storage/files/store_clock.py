"""Age of a store's file, measured by the store's own clock.

The clocks of the machines that share a store may differ by hours. The store's own clock is the
clock of the file system or service. We read it from the date of a file that is written for this
purpose.
"""

import time
import uuid
from dataclasses import dataclass

from storage.errors import StoreAccessError
from storage.files.folder import STAGING, Folder

_REMEMBERED = 300.0
"""Seconds for which we assume that two clocks run equally fast."""


@dataclass(frozen=True)
class _Reading:
    """Seconds since 1970 by a store's clock, at a moment of this process's monotonic clock."""

    moment: float
    time: float


_readings: dict[str, _Reading] = {}


def file_age(folder: Folder, path: str) -> float:
    """Seconds since a file was written; FileNotFoundError if it does not exist."""
    modified = folder.modified(path)
    reading = _readings.get(folder.url)
    if reading is None or time.monotonic() - reading.moment > _REMEMBERED:
        reading = _readings[folder.url] = _read_clock(folder)
    return max(0.0, reading.time + time.monotonic() - reading.moment - modified)


def _read_clock(folder: Folder) -> _Reading:
    path = f"{STAGING}/files/clock-{uuid.uuid4().hex}"
    try:
        folder.write(path, b"", durable=False)
        reading = _Reading(time.monotonic(), folder.modified(path))
        folder.remove_file(path)
    except (StoreAccessError, FileNotFoundError):  # the store may be read-only
        return _Reading(time.monotonic(), time.time())
    return reading
