"""The bridge on two real worker processes: what fails, fails alone."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tasks.dask_bridge import Bridge
from tasks.errors import BridgeError, UnitError

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def bridge() -> Iterator[Bridge]:
    with Bridge(workers=2) as opened:
        yield opened


# Units are nested functions here, so that they travel by value: workers cannot import the tests.


def test_runs_units_side_by_side_on_processes_of_their_own(bridge: Bridge) -> None:
    def unit(seconds: float) -> int:
        time.sleep(seconds)
        return os.getpid()

    assert bridge.run(unit, 0.0, resource="CPU").value != os.getpid()
    assert bridge.started
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: bridge.run(unit, 0.5, resource="GPU"), range(4)))
    assert len({run.value for run in runs}) == 2
    assert {run.worker for run in runs} == {"worker-0", "worker-1"}
    assert all(0.5 <= run.seconds < 5 for run in runs)


def test_an_error_comes_back_with_its_class_and_traceback(bridge: Bridge) -> None:
    def unit() -> None:
        raise ValueError("no such thing")

    with pytest.raises(UnitError, match="ValueError: no such thing") as caught:
        bridge.run(unit, resource="CPU")
    assert caught.value.kind == "ValueError"
    assert "in unit" in caught.value.trace


def test_errors_of_the_store_keep_their_own_words(bridge: Bridge) -> None:
    def unit() -> None:
        from storage.errors import DatasetError

        raise DatasetError("frame 3 is torn")

    with pytest.raises(UnitError, match=r"^frame 3 is torn$"):
        bridge.run(unit, resource="CPU")


def test_a_killed_worker_fails_only_its_unit(bridge: Bridge) -> None:
    def good(number: int) -> int:
        time.sleep(0.3)
        return number

    def poison() -> None:
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)

    with ThreadPoolExecutor(8) as pool:
        before = [pool.submit(bridge.run, good, n, resource="GPU") for n in range(3)]
        dead = pool.submit(bridge.run, poison, resource="GPU", name="poison libby")
        after = [pool.submit(bridge.run, good, n, resource="CPU") for n in range(3, 8)]
        assert [future.result().value for future in (*before, *after)] == list(range(8))
        with pytest.raises(UnitError, match="died while it ran poison libby") as caught:
            dead.result()
    assert caught.value.kind == "WorkerDied"


def test_a_scheduler_of_its_own_by_address(bridge: Bridge) -> None:
    with Bridge(address=bridge.address) as second:
        assert second.run(len, "abc", resource="CPU").value == 3
    assert bridge.run(len, "ab", resource="CPU").value == 2  # the cluster is still there


def test_no_scheduler_at_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.dask_bridge._CONNECT_SECONDS", 0.5)
    with Bridge(address="tcp://127.0.0.1:9") as lonely, pytest.raises(BridgeError, match="answers"):
        lonely.run(len, "abc", resource="CPU")


def test_a_resource_that_nobody_offers(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.dask_bridge._GRACE_SECONDS", 0.5)
    with pytest.raises(BridgeError, match="offers the resource TPU"):
        bridge.run(len, "abc", resource="TPU")  # type: ignore[arg-type]


def test_nothing_starts_before_the_first_unit_or_after_the_end() -> None:
    bridge = Bridge()
    assert not bridge.started
    bridge.close()
    with pytest.raises(BridgeError, match="ended before"):
        bridge.run(len, "abc", resource="CPU")
