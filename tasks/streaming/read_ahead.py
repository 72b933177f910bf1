"""A stage of a pipeline in a thread of its own: the next items are made while one is used."""

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

_LOOK = 0.1
"""Seconds after which a thread that waits for room looks whether it is still wanted."""


@contextmanager
def read_ahead(items: Iterable[T], depth: int) -> Iterator[Iterator[T]]:
    """Give the items in order while a thread makes at most `depth` + 1 of them in advance.

    What making them raises is raised where the item would have come. When the block ends, the
    thread does too, however many items are left.

    Args:
        items: iterated over in the thread.
        depth: finished items that may wait, at least 1; memory grows with it.
    """
    waiting: queue.Queue[tuple[T] | BaseException | None] = queue.Queue(depth)
    ended = threading.Event()

    def put(entry: tuple[T] | BaseException | None) -> bool:
        while not ended.is_set():
            try:
                waiting.put(entry, timeout=_LOOK)
            except queue.Full:
                continue
            return True
        return False

    def make() -> None:
        try:
            for item in items:
                if not put((item,)):
                    return
        except BaseException as error:  # it is raised again where the items are used
            put(error)
        else:
            put(None)

    def take() -> Iterator[T]:
        while (entry := waiting.get()) is not None:
            if isinstance(entry, BaseException):
                raise entry
            yield entry[0]

    thread = threading.Thread(target=make, daemon=True, name="read-ahead")
    thread.start()
    try:
        yield take()
    finally:
        ended.set()
        thread.join()
