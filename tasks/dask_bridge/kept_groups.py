"""Limits the task groups on Dask's scheduler, which keeps each and adds one after each pause."""

import threading
import time
from contextlib import suppress
from typing import Any


class KeptGroups:
    """Keeps the groups of a client's units alive, so that each is recorded once.

    Args:
        client: the Dask client.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._kept: dict[str, Any] = {}

    def keep(self, kind: str, worker: str) -> None:
        """Hold one value on a worker that belongs to the group of this kind of units."""
        with self._lock:
            if kind in self._kept:
                return
            with suppress(OSError, TimeoutError):  # the worker is gone; the next unit tries again
                data = {f"{kind}-{time.monotonic_ns()}": None}
                self._kept[kind] = self._client.scatter(data, workers=[worker], timeout=5)
