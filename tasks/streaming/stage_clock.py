"""Measures seconds per stage of a unit whose stages overlap."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class StageClock:
    """Adds up wall time by stage; a stage belongs to one thread at a time.

    `seconds` holds the sums by stage.
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the time of a block."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - started

    def each(self, items: Iterable[T], stage: str) -> Iterator[T]:
        """Yield the items; the time for making them counts, the time for using them does not."""
        source = iter(items)
        while True:
            with self.measure(stage):
                item = next(source, self)
            if item is self:
                return
            yield item  # type: ignore[misc]
