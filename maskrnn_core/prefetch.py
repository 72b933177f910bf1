"""Overlap of making items and using them: the next ones are made in threads while one is used."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice, repeat, takewhile
from typing import TypeVar

T = TypeVar("T")

_END: object = object()


@contextmanager
def prefetch(items: Iterable[T], depth: int) -> Iterator[Iterator[T]]:
    """Give the items in order while one thread makes at most `depth` + 1 of them in advance.

    What making them raises is raised where the item would have come. When the block ends, the
    thread does too, however many items are left.

    Args:
        items: iterated over in the thread.
        depth: finished items that may wait, at least 1; memory grows with it.
    """
    make = partial(next, iter(items), _END)
    with _made_in_order(repeat(make), depth + 1, threads=1) as made:
        yield takewhile(lambda item: item is not _END, made)


@contextmanager
def prefetch_map(
    make: Callable[[int], T], indices: Iterable[int], threads: int = 1
) -> Iterator[Iterator[T]]:
    """Give make(index) of each index in order, `threads` of them in advance; else as `prefetch`.

    Args:
        make: called in several threads at once.
        indices: iterated over in the caller's thread.
        threads: that make items, each one ahead.
    """
    calls = (partial(make, index) for index in indices)
    with _made_in_order(calls, threads, threads) as made:
        yield made


@contextmanager
def _made_in_order(
    calls: Iterable[Callable[[], T]], advance: int, threads: int
) -> Iterator[Iterator[T]]:
    left = iter(calls)
    waiting: deque[Future[T]] = deque()

    def begin(count: int) -> None:
        waiting.extend(pool.submit(call) for call in islice(left, count))

    def take() -> Iterator[T]:
        while waiting:
            first = waiting.popleft()
            begin(1)
            yield first.result()

    with ThreadPoolExecutor(threads, thread_name_prefix="prefetch") as pool:
        begin(advance)
        try:
            yield take()
        finally:
            for future in waiting:
                future.cancel()
