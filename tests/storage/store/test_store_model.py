"""Artifacts, leases and the ledger against a simple model of them."""

import time
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.storage.store.store_machine import CLOCK, StoreMachine


@pytest.fixture(autouse=True)
def own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases wait by a simulated clock and use no threads; nothing waits for the disk."""

    def sleep(_: float) -> None:
        CLOCK.waited += 30.0

    alarm = SimpleNamespace(set=lambda *_: None, cancel=lambda _: None)
    clock = SimpleNamespace(
        time=lambda: time.time() + CLOCK.ahead, monotonic=lambda: CLOCK.waited, sleep=sleep
    )
    monkeypatch.setattr("storage.store.lease.time", clock)
    monkeypatch.setattr("storage.store.lease_file.time", clock)
    monkeypatch.setattr("storage.store.lease.DELAYED_CALLS", alarm)
    monkeypatch.setattr("os.fsync", lambda _: None)


def _explore(machine: type[StoreMachine], examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_on_a_local_store() -> None:
    _explore(StoreMachine, 30, 30)


def test_on_s3(bucket: str) -> None:
    class OnS3(StoreMachine):
        url = f"{bucket}/store"

    _explore(OnS3, 2, 12)
