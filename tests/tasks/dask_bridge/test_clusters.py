"""Clusters by configuration, with real processes: devices, classes, schedulers by address, TLS."""

import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import dask
import psutil
import pytest
from distributed import Client

from tasks.dask_bridge import Bridge
from tasks.dask_bridge.clusters import cluster_class
from tasks.errors import BridgeError, ParameterError
from tasks.machine.resources import Machine
from tests.processes import free_port, self_signed, stop

pytestmark = pytest.mark.timeout(180)


def spans(bridge: Bridge, resource: str, count: int) -> list[tuple[str, float, float]]:
    """Device and time span of units that run for a while."""

    def unit() -> tuple[str, float, float]:
        began = time.time()
        time.sleep(0.4)
        return os.environ.get("CUDA_VISIBLE_DEVICES", "unset"), began, time.time()

    with ThreadPoolExecutor(count) as pool:
        jobs = [
            pool.submit(bridge.run, unit, resource=resource)  # type: ignore[arg-type]
            for _ in range(count)
        ]
        return [job.result().value for job in jobs]


def test_one_gpu_unit_per_device_and_cpu_units_elsewhere_at_the_same_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "tasks.dask_bridge.clusters.this_machine",
        lambda: Machine(cores=3, memory=12 * 2**30, gpus=("5", "7")),
    )
    with Bridge() as bridge, ThreadPoolExecutor(2) as pool:
        bridge.run(len, "", resource="GPU")
        gpu_job = pool.submit(spans, bridge, "GPU", 6)
        cpu_job = pool.submit(spans, bridge, "CPU", 2)
        gpu, cpu = gpu_job.result(), cpu_job.result()
    assert {device for device, *_ in gpu} == {"5", "7"}
    assert {device for device, *_ in cpu} == {""}
    for device in ("5", "7"):
        own = sorted(span[1:] for span in gpu if span[0] == device)
        assert all(end <= begin for (_, end), (begin, _) in pairwise(own))
    assert any(g[1] < c[2] and c[1] < g[2] for g in gpu for c in cpu)


def test_a_cluster_class_by_its_name() -> None:
    options = {
        "threads_per_worker": 1,
        "dashboard_address": "127.0.0.1:0",
        "resources": {"GPU": 1, "CPU": 1},
    }
    with Bridge(cluster="distributed.LocalCluster", cluster_options=options, workers=2) as bridge:
        assert len({device for device, *_ in spans(bridge, "GPU", 2)}) == 1
        assert bridge.run(os.getpid, resource="CPU").value != os.getpid()
        address = bridge.address
    assert address is not None
    assert address.startswith("tcp://127.0.0.1:")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dask_jobqueue.SLURMCluster", "pip install dask-jobqueue"),
        ("dask_cuda.LocalCUDACluster", "pip install dask-cuda"),
        ("distributed.NoCluster", "has no class NoCluster"),
        ("LocalCluster", "dotted name"),
        ("no_such_package.Cluster", "correct the name"),
    ],
)
def test_a_class_that_is_not_there(name: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        cluster_class(name)


def test_options_that_the_class_does_not_take() -> None:
    with (
        Bridge(cluster="distributed.SpecCluster", cluster_options={"colour": 3}) as bridge,
        pytest.raises(ParameterError, match="colour"),
    ):
        bridge.run(len, "", resource="CPU")


@contextmanager
def dask_processes(scheme: str, environment: Mapping[str, str]) -> Iterator[str]:
    """A scheduler and two workers, started as in docs/clusters.md; yields the address."""
    address = f"{scheme}://127.0.0.1:{free_port()}"
    port = address.rpartition(":")[2]
    folder = str(Path(__file__).parents[3])
    fixed = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0", "PYTHONPATH": folder}
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> None:
        common = ["--host", "127.0.0.1", "--no-dashboard", "--protocol", scheme]
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments, *common],
            env={**os.environ, **fixed, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        started.append(process)

    try:
        start("scheduler", "--port", port)
        for name in ("one", "two"):
            offer = ["--nthreads", "1", "--resources", "GPU=1 CPU=1"]
            start("worker", address, "--name", name, *offer)
        client = Client(address, timeout=60, set_as_default=False)  # type: ignore[no-untyped-call]
        with client:
            client.wait_for_workers(2, timeout=60)
        yield address
    finally:
        for process in reversed(started):
            stop(process)


def test_an_existing_scheduler_with_two_workers() -> None:
    with dask_processes("tcp", {}) as address:
        with Bridge(address) as bridge:
            (_, began, ended), (_, other_began, other_ended) = spans(bridge, "GPU", 2)
            assert began < other_ended
            assert other_began < ended
        with Bridge(address) as again:
            assert again.run(len, "ab", resource="CPU").worker in ("one", "two")


def test_a_scheduler_over_tls(tmp_path: Path) -> None:
    certificate, key = map(str, self_signed(tmp_path))
    tls = {"require-encryption": "true", "tls.ca-file": certificate}
    for role in ("scheduler", "worker", "client"):
        tls |= {f"tls.{role}.cert": certificate, f"tls.{role}.key": key}
    variables = {
        "DASK_DISTRIBUTED__COMM__" + name.upper().replace(".", "__").replace("-", "_"): value
        for name, value in tls.items()
    }
    ours = {f"distributed.comm.{name}": value for name, value in tls.items()}
    with dask.config.set(ours), dask_processes("tls", variables) as address:
        with Bridge(address) as bridge:
            assert bridge.run(len, "abc", resource="CPU").value == 3
        stranger = {
            **ours,
            **dict.fromkeys(ours, None),
            "distributed.comm.require-encryption": False,
        }
        with (
            dask.config.set(stranger),
            Bridge(address) as bridge,
            pytest.raises(BridgeError, match="TLS"),
        ):
            bridge.run(len, "abc", resource="CPU")


@pytest.mark.parametrize("protocol", ["tcp", "tls"])
def test_a_connection_that_fails_leaves_no_client_to_the_collector(
    protocol: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tasks.dask_bridge.bridge._CONNECT_SECONDS", 0.5)
    loops = _event_loops()
    gc.collect()
    gc.disable()
    try:
        with (
            Bridge(f"{protocol}://127.0.0.1:{free_port()}") as bridge,
            pytest.raises(BridgeError, match="no Dask scheduler answers"),
        ):
            bridge.run(len, "", resource="CPU")
        clients = [found for found in gc.get_objects() if issubclass(type(found), Client)]
        assert {client.status for client in clients} <= {"closed", "running"}  # other tests' run
    finally:
        gc.enable()
    assert _event_loops() == loops


def _event_loops() -> int:
    """Threads of Dask's event loops."""
    return sum(thread.name == "IO loop" for thread in threading.enumerate())


def test_a_local_cluster_listens_on_loopback_only() -> None:
    with Bridge(workers=2) as bridge:
        bridge.run(len, "", resource="CPU")
        here = psutil.Process()
        listening = {
            connection.laddr.ip
            for process in [here, *here.children(recursive=True)]
            for connection in process.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        }
    assert listening == {"127.0.0.1"}


_END_WHILE_A_UNIT_REPORTS = """
import logging, threading, time
from tasks.dask_bridge import Bridge
from tasks.errors import BridgeError, UnitError

def unit():
    began = time.monotonic()
    while time.monotonic() - began < 20:
        logging.getLogger("maskrnn").info("still at work")
        time.sleep(0.002)

def run():
    try:
        bridge.run(unit, resource="CPU")
    except (BridgeError, UnitError):
        pass

with Bridge(workers=1) as bridge:
    bridge.run(len, "", resource="CPU")
    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(1)
thread.join(30)
"""


def test_dask_prints_nothing_when_a_run_ends_while_a_unit_reports() -> None:
    command = [sys.executable, "-c", _END_WHILE_A_UNIT_REPORTS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
