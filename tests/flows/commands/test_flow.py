"""`maskrnn flow`: its output, a second run, repair and removal."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from flows.commands.execution import execute
from flows.commands.flow import collect_flow, print_flow
from storage.kinds.stored_flow import FLOW
from storage.runs.ledger import StageRecord, VideoRecord
from storage.store.artifacts import ArtifactStore
from tests.flows.tiny import OVERRIDES


def record(name: str, **stage: Any) -> VideoRecord:
    return VideoRecord(name, stages={"flow": StageRecord("done", **stage)})


def test_hits_and_misses(capsys: pytest.CaptureFixture[str]) -> None:
    figures = {"computed": 30, "kept": 16, "size": 2_500_000}
    print_flow([record("a", reused=True), record("b", seconds=2.0, figures=figures, note="mended")])
    told = capsys.readouterr().out
    assert "1 hits, 1 misses, 2.5 MB (2500000 bytes) written" in told
    assert "30 frames at 15.0 per second and worker" in told
    assert "16 frames kept" in told
    assert "mended" in told
    print_flow([record("a", reused=True)])
    assert "1 hits, 0 misses: all flow was found, none was computed" in capsys.readouterr().out
    print_flow([VideoRecord("a")])
    assert "0 hits, 0 misses" in capsys.readouterr().out


def test_drafts_that_nobody_has_written_to_for_a_week_go(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ArtifactStore(str(tmp_path / "store"))
    drafts = tmp_path / "store" / ".staging" / "videos"
    for name, days in (("old.0123", 8), ("young.4567", 6)):
        (drafts / name).mkdir(parents=True)
        written = time.time() - days * 86400
        os.utime(drafts / name, (written, written))
    assert collect_flow(store.url, dry_run=True) == 0
    assert len(list(drafts.iterdir())) == 2
    assert "1 drafts would be removed" in capsys.readouterr().out
    assert collect_flow(store.url, dry_run=False) == 0
    assert [path.name for path in drafts.iterdir()] == ["young.4567"]
    assert "1 drafts removed" in capsys.readouterr().out


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("prefect_server")
def test_a_second_run_computes_nothing_and_says_so(
    tmp_path: Path, scheduler: str, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ArtifactStore(str(tmp_path / "store"))
    fields = {
        "store": store.url,
        "overrides": OVERRIDES,
        "compare": (),
        "until": "flow",
        "dask_address": scheduler,
    }
    assert execute({**fields, "run_id": "first"}) == 0
    assert "0 hits, 2 misses" in capsys.readouterr().out
    keys = store.keys(FLOW)
    assert execute({**fields, "run_id": "second"}) == 0
    assert "2 hits, 0 misses: all flow was found, none was computed" in capsys.readouterr().out

    shard = next((Path(store.location(FLOW, keys[0])) / "arrays.zarr" / "forward" / "c").rglob("0"))
    while shard.is_dir():
        shard = next(shard.iterdir())
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-1])
    assert execute({**fields, "run_id": "second"}) == 0
    told = capsys.readouterr().out
    assert "1 hits, 1 misses" in told
    assert "damaged flow was removed and computed again" in told
    assert shard.read_bytes() == whole

    assert execute({**fields, "flow": "farneback", "run_id": "third"}) == 0
    assert len(store.keys(FLOW)) == 4
    store.folder.remove("runs/third")
    capsys.readouterr()
    assert collect_flow(store.url, dry_run=True) == 0
    assert "2 flow artifacts would be removed" in capsys.readouterr().out
    assert len(store.keys(FLOW)) == 4
    assert collect_flow(store.url, dry_run=False) == 0
    assert "2 flow artifacts removed" in capsys.readouterr().out
    assert store.keys(FLOW) == keys
