"""Which rows a worker gets next, and how many."""

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
"""What a slice should take: handing one to a worker costs 10 to 20 ms, which is 1 % of it."""

MOST_ROWS = 100
"""Rows of a slice at most."""

_MEMORY = 0.3
"""Weight of the newest slice in the mean time of a row."""


@dataclass
class Batch:
    """Rows that one Prefect task run stands for.

    Attributes:
        first: number of its first row in the order of the run, from 1.
        last: number of its last row.
        left: rows that have not ended.
        failed: ids of those that failed.
        ended: set when none is left, or the run was ended.
    """

    first: int
    last: int
    left: int
    failed: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


class RowQueue:
    """Rows in their order, and those that come back; used by one thread.

    Args:
        rows: to work on, in order; taken as late as possible.
        count: how many.
        batch_size: rows that a batch has.
        most: rows of a slice at most.
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
        """Batches that have begun since somebody looked."""

    @property
    def is_empty(self) -> bool:
        """Whether no row waits to be taken, now or later."""
        return not (self._first or self._waiting) and self._taken == self._count

    def take(self, slots: int) -> list[ArchiveRow]:
        """Rows for one worker; none when all that are left have to wait.

        Args:
            slots: workers that take rows at the same time.
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
        """Another try, not before `delay` seconds; with no other row, or with whatever is left."""
        at = time.monotonic() + delay
        heapq.heappush(self._waiting, (at, next(self._order), row, alone))

    def measured(self, rows: int, seconds: float) -> None:
        """A slice of so many rows took a worker so long."""
        mean = seconds / rows
        former = mean if self._mean is None else self._mean
        self._mean = _MEMORY * mean + (1 - _MEMORY) * former

    def ended(self, row: ArchiveRow, *, failed: bool) -> None:
        """A row that does not come back."""
        batch = self._batch_of.pop(row.index)
        batch.left -= 1
        if failed:
            batch.failed.append(row.id)
        if not batch.left:
            batch.ended.set()

    def give_up(self) -> None:
        """Nothing ends any more: whoever waits for a batch goes on."""
        for batch in self._batch_of.values():
            batch.ended.set()

    def _size(self, slots: int) -> int:
        if self._mean is None:
            return 1
        wanted = int(SLICE_SECONDS / max(self._mean, 1e-6))
        left = self._count - self._taken + len(self._first)
        # Towards the end ever smaller slices, so that no worker has many when others have none.
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
