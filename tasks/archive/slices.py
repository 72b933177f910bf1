"""Decides which rows, and how many, a worker gets next."""

import heapq
import itertools
import math
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tasks.archive.rows import ArchiveRow

SLICE_SECONDS = 2.0
"""Target seconds of a slice: sending one to a worker costs 10 to 20 ms, which is 1 % of it."""

MOST_ROWS = 100
"""Most rows of a slice."""

_MEMORY = 0.3
"""Weight of the newest slice in the mean time per row."""


@dataclass
class Batch:
    """The rows of one Prefect task run.

    Attributes:
        first: number of its first row in the order of the run, from 1.
        last: number of its last row.
        left: how many rows have not ended.
        failed: ids of the rows that failed.
        ended: set when all rows have ended, or the run was ended.
    """

    first: int
    last: int
    left: int
    failed: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


class RowQueue:
    """Rows in their order, and rows to retry; used by one thread.

    Args:
        rows: rows to process, in order; each is taken as late as possible.
        count: number of rows.
        batch_size: rows per batch.
        most: most rows of a slice.
    """

    def __init__(
        self, rows: Iterable[ArchiveRow], count: int, batch_size: int, most: int = MOST_ROWS
    ) -> None:
        self._rows = iter(rows)
        self._count = count
        self._batch_size = batch_size
        self._most = most
        self._taken = 0
        self._waiting: list[tuple[float, int, ArchiveRow, bool]] = []
        self._order = itertools.count()
        self._first: deque[ArchiveRow] = deque()
        self._batch: Batch | None = None
        self._batch_of: dict[int, Batch] = {}
        self._mean: float | None = None
        self.opened: deque[Batch] = deque()
        """Batches that have begun since the last read."""

    @property
    def is_empty(self) -> bool:
        """Whether no row waits, now or for later."""
        return not (self._first or self._waiting) and self._taken == self._count

    def take(self, slots: int) -> list[ArchiveRow]:
        """Return rows for one worker; none if all remaining rows have to wait.

        Args:
            slots: how many workers take rows at the same time.
        """
        now = time.monotonic()
        while self._waiting and self._waiting[0][0] <= now:
            *_, row, alone = heapq.heappop(self._waiting)
            if alone:
                return [row]
            self._first.append(row)
        size = self._size(slots)
        taken = [self._first.popleft() for _ in range(min(size, len(self._first)))]
        taken += itertools.islice(self._fresh(), size - len(taken))
        return taken

    def put_back(self, row: ArchiveRow, delay: float = 0.0, *, alone: bool = False) -> None:
        """Retry a row after at least `delay` seconds; in a slice of its own if `alone`."""
        at = time.monotonic() + delay
        heapq.heappush(self._waiting, (at, next(self._order), row, alone))

    def measured(self, rows: int, seconds: float) -> None:
        """Record how many seconds a worker took for a slice of so many rows."""
        mean = seconds / rows
        former = mean if self._mean is None else self._mean
        self._mean = _MEMORY * mean + (1 - _MEMORY) * former

    def ended(self, row: ArchiveRow, *, failed: bool) -> None:
        """Count a row that does not come back."""
        batch = self._batch_of.pop(row.index)
        batch.left -= 1
        if failed:
            batch.failed.append(row.id)
        if not batch.left:
            batch.ended.set()

    def give_up(self) -> None:
        """Release all who wait for a batch, because no further row will end."""
        for batch in self._batch_of.values():
            batch.ended.set()

    def _size(self, slots: int) -> int:
        if self._mean is None:
            return 1
        wanted = int(SLICE_SECONDS / max(self._mean, 1e-6))
        left = self._count - self._taken + len(self._first)
        # Slices shrink towards the end, so that no worker has many rows while others have none.
        return max(1, min(wanted, self._most, math.ceil(left / (2 * max(slots, 1)))))

    def _fresh(self) -> Iterator[ArchiveRow]:
        for row in self._rows:
            if self._batch is None or self._taken == self._batch.last:
                size = min(self._batch_size, self._count - self._taken)
                self._batch = Batch(self._taken + 1, self._taken + size, size)
                self.opened.append(self._batch)
            self._taken += 1
            self._batch_of[row.index] = self._batch
            yield row
