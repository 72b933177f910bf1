"""Locks by key: one holder each, none left behind."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tasks.run.keyed_locks import KeyedLocks


def test_one_holder_per_key_and_none_left() -> None:
    locks, inside = KeyedLocks(), {"a": 0, "b": 0}
    most = dict(inside)

    def hold(key: str) -> None:
        with locks.holding(key):
            inside[key] += 1
            most[key] = max(most[key], inside[key])
            time.sleep(0.002)
            inside[key] -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hold, ["a", "b"] * 40))
    assert most == {"a": 1, "b": 1}
    assert len(locks) == 0


def test_an_error_lets_the_key_go() -> None:
    locks = KeyedLocks()

    def fail() -> None:
        with locks.holding("a"), locks.holding("b"):
            assert len(locks) == 2
            raise ValueError("within")

    with pytest.raises(ValueError, match="within"):
        fail()
    assert len(locks) == 0
