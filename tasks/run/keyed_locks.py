"""Provides locks by key that disappear when unused, because a run has many keys."""

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class _Entry:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0


class KeyedLocks:
    """One lock per key, for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[Hashable, _Entry] = {}

    def __len__(self) -> int:
        """Return how many keys a thread holds or waits for."""
        return len(self._entries)

    @contextmanager
    def holding(self, key: Hashable) -> Iterator[None]:
        """Hold the lock of `key` until the block ends."""
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            entry.users += 1
        try:
            with entry.lock:
                yield
        finally:
            with self._lock:
                entry.users -= 1
                if not entry.users:
                    del self._entries[key]
