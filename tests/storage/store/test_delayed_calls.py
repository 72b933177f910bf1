"""Delayed calls: in order, cancelled, and not in a forked process."""

import os
import threading
import time

import pytest

from storage.store.delayed_calls import DelayedCalls


def wait_for(count: int, calls: list[str]) -> None:
    deadline = time.monotonic() + 30
    while len(calls) < count and time.monotonic() < deadline:
        time.sleep(0.01)


def test_in_the_order_of_their_time() -> None:
    alarm, calls = DelayedCalls(), list[str]()
    off = alarm.set(0.1, lambda: calls.append("called off"))
    alarm.set(0.6, lambda: calls.append("late"))
    alarm.set(0.2, lambda: calls.append("early"))
    alarm.cancel(off)
    wait_for(2, calls)
    assert calls == ["early", "late"]
    alarm.cancel(off)  # not being there is fine
    alarm.set(0.0, lambda: calls.append("again"))
    wait_for(3, calls)
    assert calls == ["early", "late", "again"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_one_thread_for_all_and_another_when_it_is_gone() -> None:
    def fail() -> None:
        raise RuntimeError("as when no thread can be started")

    alarm, calls = DelayedCalls(), list[str]()
    before = threading.active_count()
    for _ in range(5):
        alarm.set(60.0, lambda: None)
    assert threading.active_count() == before + 1
    alarm.set(0.0, fail)
    while threading.active_count() > before:
        time.sleep(0.01)
    alarm.set(0.0, lambda: calls.append("called"))
    wait_for(1, calls)
    assert calls == ["called"]


def test_a_fork_has_calls_of_its_own() -> None:
    from storage.store.delayed_calls import DELAYED_CALLS

    token = DELAYED_CALLS.set(60.0, lambda: None)
    child = os.fork()
    if not child:
        done = threading.Event()
        DELAYED_CALLS.set(0.0, done.set)
        os._exit(0 if done.wait(20) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    DELAYED_CALLS.cancel(token)
