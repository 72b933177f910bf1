"""A whole run with its store on an S3-compatible server, by workers that share no disk."""

import os
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from flows.commands.archive import segment_archive
from flows.commands.execution import execute
from flows.commands.flow import collect_flow
from flows.commands.verify import verify
from storage.files.remote_files import RemoteFiles
from storage.kinds.predictions import PREDICTIONS, StoredPrediction
from storage.kinds.stored_flow import FLOW
from storage.runs.ledger import RunLedger
from storage.runs.run_status import run_status
from storage.store.artifacts import ArtifactStore
from tasks.dask_bridge import Bridge
from tests.clusters import DaskCluster
from tests.flows.runs.object_store_run import artifacts, fields
from tests.s3 import S3Server
from tests.tasks.streaming.clips import scenes, write_clip

pytestmark = [pytest.mark.timeout(400), pytest.mark.usefixtures("prefect_server")]

ROWS = {"good": "a.mkv", "gone": "gone.mkv", "elsewhere": "s3://bucket-of-nobody/a.mkv"}


@pytest.fixture(scope="module")
def address(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("cluster")
    cluster = DaskCluster(folder / "dask", {**os.environ, **s3_server.environment})
    try:
        cluster.start()
        yield cluster.address
    finally:
        cluster.close()


def report_files(report: Path) -> dict[str, bytes]:
    """Masks and tables; training curves without their times."""
    curves = report / "training_curves.csv"
    files = [*report.glob("masks/*/*/*.png"), *report.glob("*.csv")]
    found = {str(file.relative_to(report)): file.read_bytes() for file in files}
    assert len(found) > 2 * 2 * 5
    table = pd.read_csv(curves, dtype=str).drop(columns=["seconds", "wait"])
    return {**found, curves.name: table.to_csv().encode()}


def test_a_run_on_an_object_store_is_that_on_a_disk(
    bucket: str,
    address: str,
    s3_server: S3Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    remote, local = (
        ArtifactStore(f"{bucket}/a folder/store"),
        ArtifactStore(str(tmp_path / "store")),
    )
    s3_server.requests()
    assert execute(fields(remote.url, address)) == 0
    asked = len(s3_server.requests())
    units = sum(len(remote.keys(kind)) for kind in remote.kinds())
    assert asked < 100 * units, "a unit of a few frames takes some 70 requests"
    assert execute(fields(local.url, address)) == 0
    assert artifacts(remote) == artifacts(local)
    assert len(artifacts(local)) == 1 + 3 + 4
    reports = tmp_path / "maskrnn-reports" / "run", tmp_path / "store" / "runs" / "run" / "report"
    assert report_files(reports[0]) == report_files(reports[1])

    assert run_status(remote, "run").is_well
    assert verify(remote.url) == 0
    flow = remote.keys(FLOW)
    with remote.create(FLOW, "unused") as writer:
        writer.put("file", b"1")
    assert collect_flow(remote.url, dry_run=False) == 0
    assert "1 flow artifacts removed" in capsys.readouterr().out
    assert remote.keys(FLOW) == flow

    started: list[str] = []
    monkeypatch.setattr(Bridge, "run", lambda *_, name, **__: started.append(name))
    assert execute(fields(remote.url, address, "evaluate")) == 0
    assert started == []


def test_an_archive_from_an_object_store_into_it(
    bucket: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    films = RemoteFiles(f"{bucket}/films")
    clip = write_clip(tmp_path, scenes(1, 6), [0])
    films.write("a.mkv", Path(clip.video).read_bytes())
    films.write("a.png", next(Path(clip.masks).glob("*.png")).read_bytes())
    rows = "\n".join(f"{name},{video},a.png" for name, video in ROWS.items())
    films.write("archive.csv", f"id,video,mask\n{rows}\n".encode())
    asked = {"store": f"{bucket}/store", "run_id": "remote-films", "preset": "propagate"}

    def run() -> int:
        return segment_archive(f"{bucket}/films/archive.csv", {**asked, "dask_address": address})

    assert run() == 1
    store = ArtifactStore(asked["store"])
    records = {record.video: record for record in RunLedger(store, "remote-films").records()}
    assert {name: record.state for name, record in records.items()} == {
        "good": "done",
        "gone": "failed",
        "elsewhere": "failed",
    }
    told = [stage.error or "" for stage in records["gone"].stages.values()]
    assert any("is not there" in text for text in told)
    (key,) = store.keys(PREDICTIONS)
    assert StoredPrediction(store, key).frame_count == 6
    assert not (tmp_path / "store").exists()
    films.write("gone.mkv", films.read("a.mkv"))
    assert run() == 1
    states = {record.video: record.state for record in RunLedger(store, "remote-films").records()}
    assert states == {"good": "done", "gone": "done", "elsewhere": "failed"}
