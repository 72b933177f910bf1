"""Logs how far long work has come: n of N, rate, time left."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from storage.archive.progress_file import duration

if TYPE_CHECKING:
    from maskrnn_core.training.curve import CurvePoint, OnStep

PROGRESS = logging.INFO + 5
"""Level of these lines; the console shows them, but other worker lines only from WARNING."""

logging.addLevelName(PROGRESS, "PROGRESS")
logger = logging.getLogger("maskrnn.progress")

T = TypeVar("T")

_SECONDS = 20.0
"""Seconds between two lines; the wait is under half a minute unless a step takes long."""


class ProgressLines:
    """Logs a line every 20 seconds while work continues; none for work that ends sooner.

    Args:
        what: what is counted, in the plural, such as "frames".
        total: how many there are.
        done: how many an interrupted attempt had completed.
        clock: seconds; replaced in tests.
    """

    def __init__(
        self, what: str, total: int, done: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._what = what
        self._total = total
        self._before = done
        self._clock = clock
        self._began = self._told = clock()

    def at(self, count: int) -> None:
        """Report how many are done now, including those of an interrupted attempt."""
        now = self._clock()
        if now - self._told < _SECONDS or count <= self._before:
            return
        self._told = now
        rate = (count - self._before) / (now - self._began)
        left = duration(max(0, self._total - count) / rate)
        logger.log(
            PROGRESS,
            "%d of %d %s, %.3g per second, about %s left",
            count,
            self._total,
            self._what,
            rate,
            left,
        )

    def over(self, items: Iterable[T]) -> Iterator[T]:
        """Yield the items; each counts as done when the next one is requested."""
        for count, item in enumerate(items, self._before + 1):
            yield item
            self.at(count)


def step_progress() -> "OnStep":
    """Log progress of each stage of a training, from the step at which it starts or resumes."""
    stages: dict[str, ProgressLines] = {}

    def tell(point: "CurvePoint", steps: int) -> None:
        if point.stage not in stages:
            stages[point.stage] = ProgressLines(f"{point.stage} steps", steps, point.step)
        stages[point.stage].at(point.step + 1)

    return tell
