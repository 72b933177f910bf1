"""SIGKILL of workers that write to an object store: results equal those of an undisturbed run."""

import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.commands.execution import execute
from storage.store.artifacts import ArtifactStore
from tests.clusters import DaskCluster
from tests.flows.runs.object_store_run import artifacts, fields
from tests.s3 import S3Server, new_bucket

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(900),
    pytest.mark.usefixtures("prefect_server"),
]

MOMENTS = {
    "flow": "/arrays.zarr/forward/c/",
    "training": "/.staging/parents/",
    "segmentation": "/arrays.zarr/state/",
    "evaluation": "/.staging/evaluations/",
}
"""A worker is killed at its first request for such an address."""


@pytest.fixture
def cluster(s3_server: S3Server, tmp_path: Path) -> Iterator[DaskCluster]:
    running = DaskCluster(tmp_path / "cluster", {**os.environ, **s3_server.environment})
    try:
        running.start()
        yield running
    finally:
        running.close()


def test_killed_workers(
    bucket: str,
    cluster: DaskCluster,
    s3_server: S3Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    whole = ArtifactStore(f"{bucket}/store")
    assert execute(fields(whole.url, cluster.address, "evaluate")) == 0
    chance = random.Random(0)
    for what, address in MOMENTS.items():
        store = ArtifactStore(f"{new_bucket()}/store")
        s3_server.requests()
        killed = threading.Event()

        def kill(address: str = address, killed: threading.Event = killed) -> None:
            while not any(address in asked for _, asked in s3_server.requests()):
                time.sleep(0.02)
            cluster.kill_worker(chance)
            killed.set()

        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        code = execute(fields(store.url, cluster.address, "evaluate"))
        killer.join(10)
        assert killed.is_set(), f"no worker was killed during {what}"
        if code:  # a unit that was hit twice
            assert execute(fields(store.url, cluster.address, "evaluate")) == 0
        assert artifacts(store) == artifacts(whole), what
