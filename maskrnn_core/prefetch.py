"""Overlap of reading and computing."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def ahead(make: Callable[[int], Item], count: int) -> Iterator[Item]:
    """make(0), ..., make(count - 1); the next one is made in a thread while one is in use."""
    if count == 0:
        return
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="prefetch") as pool:
        future = pool.submit(make, 0)
        for index in range(1, count):
            item = future.result()
            future = pool.submit(make, index)
            yield item
        yield future.result()
