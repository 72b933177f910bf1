"""Read-ahead: order, bounded memory, errors in their place, no thread left."""

import threading
import time
from collections.abc import Iterator

import pytest

from tasks.streaming.read_ahead import read_ahead


def _threads() -> int:
    return sum(thread.name == "read-ahead" for thread in threading.enumerate())


def test_order() -> None:
    with read_ahead(iter(range(100)), 3) as items:
        assert list(items) == list(range(100))
    assert _threads() == 0


def test_never_more_than_the_depth_and_one_in_advance() -> None:
    made: list[int] = []

    def make() -> Iterator[int]:
        for index in range(20):
            made.append(index)
            yield index

    with read_ahead(make(), 2) as items:
        for index in items:
            time.sleep(0.005)
            assert len(made) <= index + 1 + 2 + 1
        assert len(made) == 20


def test_it_works_while_its_user_does() -> None:
    def make() -> Iterator[int]:
        for index in range(5):
            time.sleep(0.05)
            yield index

    began = time.perf_counter()
    with read_ahead(make(), 2) as items:
        for _ in items:
            time.sleep(0.05)
    assert time.perf_counter() - began < 0.45  # one after the other: 0.5


def test_an_error_comes_where_the_item_would() -> None:
    def make() -> Iterator[int]:
        yield 1
        raise ValueError("frame 1 is torn")

    with read_ahead(make(), 5) as items:
        assert next(items) == 1
        with pytest.raises(ValueError, match="torn"):
            next(items)
    assert _threads() == 0


def test_leaving_early_ends_the_thread() -> None:
    with read_ahead(iter(int, 1), 1) as items:
        assert next(items) == 0
    assert _threads() == 0
