"""The bridge on two real worker processes: a failing unit affects no other."""

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

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
    monkeypatch.setattr("tasks.dask_bridge.bridge._CONNECT_SECONDS", 0.5)
    with Bridge(address="tcp://127.0.0.1:9") as lonely, pytest.raises(BridgeError, match="answers"):
        lonely.run(len, "abc", resource="CPU")


def test_a_cluster_without_a_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    running: list[object] = []

    class Cluster:
        scheduler_address = "tcp://127.0.0.1:9"

        def __init__(self, _: int | None) -> None:
            running.append(self)

        def close(self, timeout: float) -> None:
            running.remove(self)

    def fail(*_: object, **__: object) -> None:
        raise OSError("timed out")

    monkeypatch.setattr("tasks.dask_bridge.bridge.start_local_cluster", Cluster)
    monkeypatch.setattr("tasks.dask_bridge.client.OwnedClient", fail)
    with Bridge() as bridge:
        for _ in range(2):
            with pytest.raises(BridgeError, match=r"does not answer \(timed out\)"):
                bridge.run(len, "abc", resource="CPU")
            assert running == []
        assert bridge.address is None


def test_a_resource_that_nobody_offers(bridge: Bridge) -> None:
    with (
        Bridge(address=bridge.address, worker_wait=0.5) as impatient,
        pytest.raises(BridgeError, match="offers the resource TPU"),
    ):
        impatient.run(len, "abc", resource="TPU")  # type: ignore[arg-type]


def test_nothing_starts_before_the_first_unit_or_after_the_end() -> None:
    bridge = Bridge()
    assert not bridge.started
    bridge.close()
    with pytest.raises(BridgeError, match="ended before"):
        bridge.run(len, "abc", resource="CPU")


def test_lines_of_a_unit_arrive_in_the_thread_that_waits(
    bridge: Bridge, caplog: pytest.LogCaptureFixture
) -> None:
    def unit() -> None:
        import logging
        import warnings

        logging.getLogger("maskrnn.units").info("step 3 of 7")
        logging.getLogger("maskrnn.units").debug("too much")
        logging.getLogger("somebody").info("not ours")
        warnings.warn("odd frame", stacklevel=1)

    with caplog.at_level(logging.INFO, "maskrnn"), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: bridge.run(unit, resource="CPU", name="flow libby"))
        waiting.result()
        thread = pool.submit(threading.get_ident).result()
    lines = [record for record in caplog.records if record.name == "maskrnn.worker"]
    text = "\n".join(record.getMessage() for record in lines)
    assert "flow libby: step 3 of 7" in text
    assert "flow libby: on worker-" in text
    assert "odd frame" in text
    assert "too much" not in text
    assert "not ours" not in text
    assert {record.thread for record in lines} == {thread}


def test_only_so_many_lines(bridge: Bridge, caplog: pytest.LogCaptureFixture) -> None:
    def unit() -> None:
        import logging

        for number in range(2000):
            logging.getLogger("maskrnn.units").info("line %d", number)

    with caplog.at_level(logging.INFO, "maskrnn"):
        bridge.run(unit, resource="CPU")
    lines = [r.getMessage() for r in caplog.records if r.name == "maskrnn.worker"]
    assert len(lines) == 501
    assert "the rest is left out" in lines[-1]


def test_a_unit_over_its_time_is_stopped_with_its_worker(bridge: Bridge) -> None:
    def slow() -> None:
        time.sleep(60)

    began = time.monotonic()
    with pytest.raises(UnitError, match=r"--timeout finetune=SECONDS") as caught:
        bridge.run(slow, resource="GPU", kind="finetune", name="libby", timeout=1.0)
    assert caught.value.kind == "TimedOut"
    assert time.monotonic() - began < 20
    assert bridge.run(len, "abc", resource="GPU", timeout=30.0).value == 3


def test_the_end_of_a_run_stops_its_units_on_an_existing_cluster(
    bridge: Bridge, tmp_path: Path
) -> None:
    def tick(file: str) -> None:
        for _ in range(600):
            Path(file).write_text(str(time.time()))
            time.sleep(0.1)

    file = tmp_path / "tick"
    run = Bridge(address=bridge.address)
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(run.run, tick, str(file), resource="CPU", name="flow libby")
        while not file.exists():
            time.sleep(0.05)
        began = time.monotonic()
        run.close()
        with pytest.raises(UnitError, match="flow libby was cut off") as caught:
            job.result()
    assert caught.value.kind == "CutOff"
    assert time.monotonic() - began < 30
    last = file.read_text()
    time.sleep(0.5)
    assert file.read_text() == last
    assert bridge.run(len, "ab", resource="CPU").value == 2


def test_what_cannot_be_sent_is_an_error_of_its_unit(bridge: Bridge) -> None:
    def unit() -> object:
        return threading.Lock()

    with pytest.raises(UnitError, match="cannot be sent"):
        bridge.run(unit, resource="CPU")
    assert bridge.run(len, "ab", resource="CPU").value == 2


def test_the_scheduler_does_not_grow_with_the_number_of_units(bridge: Bridge) -> None:
    def noted(dask_scheduler: Any) -> int:
        return len(dask_scheduler.extensions["spans"].spans)

    def work(first: int) -> int:
        for number in range(first, first + 10):
            bridge.run(len, "", resource="CPU", kind="measure", name=f"video-{number}")
        assert bridge.address is not None
        with Client(bridge.address, set_as_default=False) as client:  # type: ignore[no-untyped-call]
            found: int = client.run_on_scheduler(noted)
        return found

    assert work(0) == work(10)


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_a_unit_out_of_memory_fails_alone_with_advice(bridge: Bridge, library: str) -> None:
    def unit(library: str) -> None:
        import importlib

        importlib.import_module(library).zeros(2**50)

    with pytest.raises(UnitError, match="with fewer workers or a lower resolution"):
        bridge.run(unit, library, resource="CPU")
    assert bridge.run(len, "ab", resource="CPU").value == 2
