"""`maskrnn archive` on two real workers: from a manifest to predictions, report and status."""

import json
import threading
from collections.abc import Callable
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from flows.commands.archive import segment_archive
from flows.commands.archive_status import ArchiveStatus
from flows.commands.export import export_predictions
from flows.commands.status import print_runs, print_status, watch_status
from flows.console.output import print_report
from flows.plan.archive_parameters import ArchiveParameters
from flows.runs.report import ReportParameters, write_anew
from flows.runs.rerun import RerunParameters, prepare_rerun
from maskrnn_core.synthetic import SyntheticOptions, synthetic_videos
from storage.archive.offences import ManifestError
from storage.archive.progress_file import read_progress
from storage.kinds.predictions import PREDICTIONS, StoredPrediction
from storage.runs.ledger import RunLedger, StageRecord, VideoRecord
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tests.flows.runs.task_runs import task_runs
from tests.flows.tiny import OVERRIDES

pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("prefect_server")]

SIZE = (48, 64)
FRAMES = 5


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Two good videos, and a text file with the name of a video."""
    for video in synthetic_videos("val", SyntheticOptions(size=SIZE, frames_val=FRAMES))[:2]:
        with av.open(str(tmp_path / f"{video.name}.mp4"), "w") as container:
            stream = container.add_stream("mpeg4", rate=25)
            stream.height, stream.width = SIZE
            stream.pix_fmt = "yuv420p"
            for index in range(FRAMES):
                picture = av.VideoFrame.from_ndarray(video.frame(index), format="rgb24")
                container.mux(stream.encode(picture))
            container.mux(stream.encode(None))
        Image.fromarray(np.asarray(video.label_map(0))).save(tmp_path / f"{video.name}.png")
    (tmp_path / "text.mp4").write_text("no video")
    return write(tmp_path, "val-000", "text")


def write(folder: Path, *names: str) -> Path:
    file = folder / "archive.csv"
    rows = {"id": names, "video": [f"{name}.mp4" for name in names]}
    pd.DataFrame({**rows, "mask": "val-000.png"}).to_csv(file, index=False)
    return file


@pytest.fixture
def archive(tmp_path: Path, scheduler: str) -> Callable[..., int]:
    def run(manifest: Path, **fields: object) -> int:
        asked = {"store": str(tmp_path / "store"), "run_id": "films", "preset": "propagate"}
        return segment_archive(str(manifest), {**asked, "dask_address": scheduler, **fields})

    return run


def attempts(store: ArtifactStore) -> dict[str, tuple[str, int]]:
    records = RunLedger(store, "films").records()
    return {record.video: (record.state, record.attempt) for record in records}


def test_an_archive_and_its_daily_continuation(
    archive: Callable[..., int],
    manifest: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = ArtifactStore(str(tmp_path / "store"))
    assert archive(manifest, batch_size=1) == 1
    assert attempts(store) == {"val-000": ("done", 1), "text": ("failed", 1)}
    assert task_runs("films") == [
        ("report", "Completed"),
        ("rows 1 to 1", "Completed"),
        ("rows 2 to 2", "Failed"),
    ]
    folder = tmp_path / "store" / "runs" / "films" / "report"
    table = pd.read_parquet(folder / "videos.parquet").set_index("id")
    assert table["state"].to_dict() == {"val-000": "done", "text": "failed"}
    assert table.loc["val-000", "frames"] == FRAMES
    done = table.to_dict(orient="index")["val-000"]
    assert 0.5 < done["confidence"] <= 1
    assert done["lost_share"] == 0
    assert 0 < done["area"] < 1
    assert table.loc["text", ["confidence", "lost_share", "area"]].isna().all()
    prediction = StoredPrediction(store, str(table.loc["val-000", "prediction"]))
    assert prediction.frame_count == FRAMES
    assert prediction.size == SIZE
    source = prediction.metadata["provenance"]["source"]
    assert source["video_uri"] == str(tmp_path / "val-000.mp4")
    assert source["run"] == "films"
    summary = (folder / "summary.md").read_text()
    assert "1 of 2 rows done, **1 failed**" in summary
    assert "- **text** (row 2): " in summary
    assert json.loads((folder / "summary.json").read_text())["done"] == 1

    capsys.readouterr()
    for show in (print_status, watch_status):
        assert show(store.url, "films") == 1
        shown = capsys.readouterr().out
        assert "failed in part" in shown
        assert "2 of 2 rows (100.0%), 1 done, 1 failed (50.0%)" in shown
        assert "text: " in shown
    assert print_report(store.url, "films") == 0
    assert print_runs(store.url) == 0
    assert "films" in capsys.readouterr().out

    assert export_predictions(store.url, "films", tmp_path / "out", ["png"], None) == 0
    assert len(list((tmp_path / "out" / "val-000").glob("*.png"))) == FRAMES

    write(tmp_path, "val-000", "text", "val-001")
    assert archive(manifest, leave_failed=True) == 1
    assert attempts(store)["val-001"] == ("done", 1)
    assert attempts(store)["text"] == ("failed", 1)
    assert archive(manifest) == 1
    assert attempts(store)["text"] == ("failed", 2)
    assert attempts(store)["val-000"] == ("done", 1)
    write(tmp_path, "val-000", "val-001")
    assert archive(manifest) == 0
    progress = read_progress(store, "films")
    assert progress is not None
    assert (progress.done, progress.failed, progress.before) == (2, 0, 2)
    assert len(store.keys(PREDICTIONS)) == 2
    with pytest.raises(ParameterError, match="is an archive: to complete it, run `maskrnn "):
        prepare_rerun(RerunParameters(run="films", store=store.url))
    with pytest.raises(ParameterError, match="is an archive, which writes its report at every"):
        write_anew(ReportParameters(run="films", store=store.url))


def test_the_parent_is_trained_once_before_the_rows(
    archive: Callable[..., int], manifest: Path, tmp_path: Path
) -> None:
    store = ArtifactStore(str(tmp_path / "store"))
    write(tmp_path, "val-000")
    tiny = {"preset": "small", "overrides": OVERRIDES, "resolution": 48}
    assert archive(manifest, **tiny) == 0
    (parent,) = store.keys("parents")
    report = tmp_path / "store" / "runs" / "films" / "report" / "summary.md"
    assert f"Parent: `{parent}`" in report.read_text()
    made = store.open("parents", parent).created
    write(tmp_path, "val-000", "val-001")
    assert archive(manifest, **tiny) == 0
    assert store.open("parents", parent).created == made
    assert attempts(store)["val-000"] == ("done", 1)
    assert attempts(store)["parent/small"][0] == "done"


def test_a_manifest_that_cannot_be_used_starts_nothing(
    archive: Callable[..., int], manifest: Path, tmp_path: Path
) -> None:
    write(tmp_path, "val-000", "gone", "no/way")
    with pytest.raises(ManifestError, match="2 of 3 rows cannot be used") as caught:
        archive(manifest)
    assert "row 2, video" in str(caught.value)
    assert "row 3, id 'no/way'" in str(caught.value)
    assert not (tmp_path / "store").exists()
    assert archive(manifest, skip_bad=True) == 1
    store = ArtifactStore(str(tmp_path / "store"))
    assert attempts(store) == {"val-000": ("done", 1)}
    summary = (tmp_path / "store" / "runs" / "films" / "report" / "summary.md").read_text()
    assert "Rows left out" in summary
    with pytest.raises(ParameterError, match="--batch-size 501"):
        archive(manifest, batch_size=501)


def test_videos_elsewhere_are_fetched_and_gone_afterwards(
    archive: Callable[..., int], manifest: Path, tmp_path: Path
) -> None:
    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(tmp_path))

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"http://me:secret@127.0.0.1:{server.server_port}"
        rows = [f"{name},{place}/{name}.mp4,{place}/val-000.png" for name in ("val-000", "gone")]
        manifest.write_text("\n".join(["id,video,mask", *rows]))
        assert archive(manifest) == 1
        server.shutdown()
    store = ArtifactStore(str(tmp_path / "store"))
    assert attempts(store) == {"val-000": ("done", 1), "gone": ("failed", 1)}
    table = pd.read_parquet(tmp_path / "store" / "runs" / "films" / "report" / "videos.parquet")
    done, gone = table.to_dict(orient="records")
    assert done["bytes"] > 0
    assert "the server answers 404" in gone["error"]
    assert "secret" not in f"{done} {gone}"
    source = StoredPrediction(store, done["prediction"]).metadata["provenance"]["source"]
    assert source["video_uri"] == f"http://127.0.0.1:{server.server_port}/val-000.mp4"
    assert not Path(source["video"]).exists()


def test_secrets_of_addresses_are_written_and_shown_nowhere(
    archive: Callable[..., int],
    manifest: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Manifest, videos and masks have a user, a password and a signature in their addresses."""

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(tmp_path / "served"))

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    (tmp_path / "served").mkdir()
    for path in [*tmp_path.glob("*.mp4"), *tmp_path.glob("*.png")]:
        path.rename(tmp_path / "served" / path.name)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"http://me:QQpassQQ@127.0.0.1:{server.server_port}"
        sign = "?X-Amz-Signature=QQsignQQ&token=QQtokenQQ"
        rows = [
            f"{name},{place}/{name}.mp4{sign},{place}/val-000.png{sign}"
            for name in ("val-000", "text", "gone")
        ]
        (tmp_path / "served" / "list.csv").write_text("\n".join(["id,video,mask", *rows]))
        asked = f"{place}/list.csv{sign}"
        caplog.set_level("DEBUG")
        with pytest.raises(ManifestError, match="is not there") as caught:
            archive(f"{place}/none.csv{sign}")
        assert archive(asked, trust_manifest=True) == 1
        server.shutdown()
    store = ArtifactStore(str(tmp_path / "store"))
    assert attempts(store)["val-000"] == ("done", 1)
    print_status(store.url, "films")
    print_report(store.url, "films")
    out = tmp_path / "out"
    assert export_predictions(store.url, "films", out, ["coco"], None) == 0
    shown = [str(caught.value), caplog.text, *capfd.readouterr()]
    secrets = ("QQpassQQ", "QQsignQQ", "QQtokenQQ")
    assert not [text for text in shown if any(secret in text for secret in secrets)]
    written = [p for root in (tmp_path / "store", out) for p in root.rglob("*") if p.is_file()]
    assert len(written) > 20
    for path in written:
        assert not [secret for secret in secrets if secret.encode() in path.read_bytes()], path
    table = pd.read_parquet(tmp_path / "store" / "runs" / "films" / "report" / "videos.parquet")
    assert "QQ" not in table.to_csv()
    parameters = ArchiveParameters(manifest=asked)
    assert "QQ" not in parameters.run_name + parameters.model_dump_json()
    other = ArchiveParameters(manifest=asked.replace("token=QQ", "token=RR"))
    assert other.run_name != parameters.run_name


def test_a_run_that_was_killed_is_told_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ArtifactStore(str(tmp_path))
    ledger = RunLedger(store, "films")
    status = ArchiveStatus(store, ledger.begin({"manifest": "films.csv"}, "1"))
    assert status.state == "stopped before its end"
    assert not status.is_well
    stages = {"train": StageRecord("failed", error="no memory left")}
    ledger.write(VideoRecord("parent/small", state="failed", stages=stages))
    assert print_status(store.url, "films") == 1
    assert "parent/small, train: no memory left" in capsys.readouterr().out


def test_the_name_of_a_run_follows_the_manifest_and_the_method() -> None:
    base = ArchiveParameters(manifest="films.csv")
    assert base.run_name.startswith("archive-films-lucid-")
    same = base.model_copy(update={"workers": 3, "leave_failed": True, "fetch_seconds": 1.0})
    assert same.run_name == base.run_name
    for other in ({"manifest": "x.csv"}, {"resolution": 64}, {"soft_masks": True}):
        assert base.model_copy(update=other).run_name != base.run_name
