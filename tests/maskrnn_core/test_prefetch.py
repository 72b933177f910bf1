"""Prefetching: order, bounded memory, errors in their place, no thread left."""

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskrnn_core.prefetch import prefetch, prefetch_map


def _threads() -> int:
    return sum(thread.name.startswith("prefetch") for thread in threading.enumerate())


@given(count=st.integers(0, 30), depth=st.integers(1, 5), threads=st.integers(1, 4))
def test_order(count: int, depth: int, threads: int) -> None:
    with prefetch(iter(range(count)), depth) as items:
        assert list(items) == list(range(count))
        assert list(items) == []
    with prefetch_map(lambda index: index**2, range(3, count), threads) as items:
        assert list(items) == [index**2 for index in range(3, count)]
    assert _threads() == 0


def test_never_more_than_the_depth_and_one_in_advance() -> None:
    made: list[int] = []

    def make() -> Iterator[int]:
        for index in range(20):
            made.append(index)
            yield index

    with prefetch(make(), 2) as items:
        for index in items:
            time.sleep(0.005)
            assert len(made) <= index + 1 + 2 + 1
        assert len(made) == 20


@pytest.mark.parametrize("threads", [1, 3])
def test_each_thread_makes_one_in_advance(threads: int) -> None:
    made: list[int] = []
    at_work = threading.Barrier(threads)

    def make(index: int) -> int:
        if index < threads:
            at_work.wait(timeout=10)  # all of them are at work at the same time
        made.append(index)
        return index

    with prefetch_map(make, range(20), threads) as items:
        for index in items:
            time.sleep(0.005)
            assert len(made) <= index + 1 + threads
    assert sorted(made) == list(range(20))


def test_it_works_while_its_user_does() -> None:
    def make() -> Iterator[int]:
        for index in range(5):
            time.sleep(0.05)
            yield index

    began = time.perf_counter()
    with prefetch(make(), 2) as items:
        for _ in items:
            time.sleep(0.05)
    assert time.perf_counter() - began < 0.45  # one after the other: 0.5


def test_an_error_comes_where_the_item_would() -> None:
    def make() -> Iterator[int]:
        yield 1
        raise ValueError("frame 1 is torn")

    with prefetch(make(), 5) as items:
        assert next(items) == 1
        with pytest.raises(ValueError, match="torn"):
            next(items)
    assert _threads() == 0


def test_leaving_early_ends_the_thread() -> None:
    with prefetch(iter(int, 1), 1) as items:
        assert next(items) == 0
    with pytest.raises(ZeroDivisionError), prefetch_map(lambda i: 1 // i, range(9), 2) as items:
        next(items)
    assert _threads() == 0
