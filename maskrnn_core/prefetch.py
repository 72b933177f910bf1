"""Overlap of reading and computing."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def ahead(make: Callable[[int], Item], count: int, start: int = 0) -> Iterator[Item]:
    """make(start), ..., make(count - 1); the next one is made in a thread while one is in use."""
    if start >= count:
        return
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="prefetch") as pool:
        future = pool.submit(make, start)
        for index in range(start + 1, count):
            item = future.result()
            future = pool.submit(make, index)
            yield item
        yield future.result()
