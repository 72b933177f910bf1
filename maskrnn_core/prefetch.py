"""Makes items in threads, so that reading and computing overlap."""

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def ahead(
    make: Callable[[int], Item], count: int, start: int = 0, threads: int = 1
) -> Generator[Item, None, None]:
    """Yield make(start), ..., make(count - 1) in order; threads make the next items meanwhile.

    Args:
        make: called in threads. Its exception is raised in place of the item.
        count: one past the last index.
        start: the first index.
        threads: number of threads; each makes one item ahead.
    """
    with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="prefetch") as pool:
        waiting: deque[Future[Item]] = deque()
        try:
            for index in range(start, count):
                waiting.append(pool.submit(make, index))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
