"""Units in the process of their command."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tasks.dask_bridge import InProcess
from tasks.errors import BridgeError, UnitError


def test_a_unit_runs_here_and_starts_nothing() -> None:
    with InProcess() as bridge:
        run = bridge.run(os.getpid, resource="CPU")
        assert (run.value, run.worker) == (os.getpid(), "this process")
        assert not bridge.started
        assert bridge.address is None
        assert bridge.slots("GPU") == 1


def test_an_error_is_told_as_that_of_a_worker() -> None:
    def unit() -> None:
        raise ConnectionResetError("reset")

    with InProcess() as bridge, pytest.raises(UnitError, match="reset") as caught:
        bridge.run(unit, resource="CPU", kind="flow", name="flow clip")
    assert (caught.value.kind, caught.value.transient) == ("ConnectionResetError", True)
    assert "in unit" in caught.value.trace


def test_one_unit_at_a_time() -> None:
    busy = threading.Lock()

    def unit() -> bool:
        alone = busy.acquire(blocking=False)
        time.sleep(0.05)
        if alone:
            busy.release()
        return alone

    with InProcess() as bridge, ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: bridge.run(unit, resource="CPU"), range(4)))
    assert [run.value for run in runs] == [True] * 4


def test_no_unit_starts_after_the_end_of_the_run() -> None:
    bridge = InProcess()
    bridge.close()
    with pytest.raises(BridgeError, match="was ended before this unit could start"):
        bridge.run(os.getpid, resource="CPU")
