"""Predictions as files: palette PNG, COCO JSON and overlay, of a run or of a store."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from storage.datasets.images.frame_matching import VideoFrames
from storage.datasets.masks.given_masks import open_masks
from storage.datasets.masks.label_maps import read_label_map
from storage.datasets.video.video_file import VideoFile
from storage.errors import MissingArtifactError, OccupiedOutputError
from storage.files.output_record import RECORD
from storage.kinds.predictions import PREDICTIONS, StoredPrediction
from storage.runs.ledger import RunLedger, StageRecord, VideoRecord
from storage.store.artifacts import ArtifactStore
from tasks.clip import StreamedClip
from tasks.errors import ParameterError
from tasks.export.export_formats import FORMATS, Export, NotExported, choose_exports, export
from tests.command_line import run
from tests.tasks.streaming.clips import scenes, write_clip
from tests.tasks.units.streams import stream


@pytest.fixture
def clip(tmp_path: Path) -> StreamedClip:
    return write_clip(tmp_path, scenes(2, 5)[1:], [0])


@pytest.fixture
def store(tmp_path: Path, clip: StreamedClip) -> ArtifactStore:
    """With a prediction "k" of the clip."""
    opened = ArtifactStore(str(tmp_path / "store"))
    stream(opened, clip)
    return opened


def test_every_format(
    store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    command = ["export", "--store", store.url, "--out", out, "--format", ",".join(FORMATS)]
    assert run(monkeypatch, *command) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        RECORD,
        "clip",
        "clip-cutouts",
        "clip-cvat.xml",
        "clip-label-studio.json",
        "clip-mattes",
        "clip.csv",
        "clip.json",
        "clip.mp4",
        "davis.zip",
        "youtube-vos.zip",
    ]
    prediction = StoredPrediction(store, "k")
    names = prediction.frame_names
    given = open_masks(out / "clip.json", VideoFrames(names, prediction.size))
    assert given.objects == prediction.objects == (1, 2)
    for index, name in enumerate(names):
        np.testing.assert_array_equal(given.label_map(name), prediction.label_map(index))
        drawn = read_label_map(out / "clip" / f"{name}.png")
        np.testing.assert_array_equal(drawn, prediction.label_map(index))
    overlay = VideoFile(out / "clip.mp4")
    assert overlay.size == (48, 64)
    assert overlay.times == pytest.approx([index / 25 for index in range(5)])


def test_coco_file(store: ArtifactStore, tmp_path: Path) -> None:
    (path,) = export(store, [Export("clip", "k")], tmp_path / "out", ["coco"])
    assert isinstance(path, Path)
    document = json.loads(path.read_text())
    assert document["info"]["prediction"] == "k"
    assert document["info"]["provenance"]["source"]["uri"] == "s3://films/clip.mkv"
    assert [image["seconds"] for image in document["images"]] == [i / 25 for i in range(5)]
    first = document["annotations"][0]
    mask = StoredPrediction(store, "k").label_map(0) == 1
    rows, columns = np.nonzero(mask)
    assert first["area"] == mask.sum()
    assert first["bbox"] == [
        columns.min(),
        rows.min(),
        np.ptp(columns) + 1,
        np.ptp(rows) + 1,
    ]
    assert (first["track_id"], first["image_id"], first["score"]) == (1, 0, 1.0)
    assert len({entry["id"] for entry in document["annotations"]}) == len(document["annotations"])


def test_an_overlay_needs_the_same_video(
    store: ArtifactStore, clip: StreamedClip, tmp_path: Path
) -> None:
    frames = write_clip(tmp_path / "other", scenes(1, 5), [0]).video
    Path(frames).replace(clip.video)
    chosen = [Export("clip", "k")]
    (told,) = export(store, chosen, tmp_path / "out", ["overlay"])
    assert isinstance(told, NotExported)
    assert "the file has changed" in told.text
    Path(clip.video).unlink()
    (told,) = export(store, chosen, tmp_path / "out", ["overlay"])
    assert isinstance(told, NotExported)
    assert "is not there" in told.text
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["clip/mine.txt", "clip/.mine", "clip.json", "clip.mp4"])
def test_files_of_the_users_stay(
    name: str,
    store: ArtifactStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mine = tmp_path / "out" / name
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    command = ["export", "--store", store.url, "--out", tmp_path / "out"]
    assert run(monkeypatch, *command, "--format", "png,coco,overlay") == 2
    assert f"{mine} exists already and was not written" in capsys.readouterr().err
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == [mine]
    assert mine.read_bytes() == b"mine"


def test_the_video_of_an_archive_row_stays(
    store: ArtifactStore, clip: StreamedClip, tmp_path: Path
) -> None:
    """Even where its name is that of an overlay that this program wrote before."""
    (overlay,) = export(store, [Export("clip", "k")], tmp_path / "out", ["overlay"])
    assert isinstance(overlay, Path)
    stream(store, replace(clip, video=str(overlay)), "k2")
    before = overlay.read_bytes()
    with pytest.raises(OccupiedOutputError, match="source of the results"):
        export(store, [Export("clip", "k2")], tmp_path / "out", ["overlay"])
    assert overlay.read_bytes() == before


def test_one_that_is_damaged_does_not_stop_the_others(
    store: ArtifactStore,
    clip: StreamedClip,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stream(store, replace(clip, name="ant"), "a")
    next(Path(store.location(PREDICTIONS, "a")).rglob("labels/c/0/0/0")).write_bytes(b"torn")
    out = tmp_path / "out"
    assert run(monkeypatch, "export", "--store", store.url, "--out", out) == 1
    printed = capsys.readouterr()
    assert "ant, png: " in printed.err
    assert "1 of 2 predictions are in" in printed.out
    assert sorted(path.name for path in out.iterdir()) == [RECORD, "clip"]


def test_a_format_that_fails_does_not_stop_the_others(
    store: ArtifactStore,
    clip: StreamedClip,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path(clip.video).unlink()
    out = tmp_path / "out"
    asked = ["export", "--store", store.url, "--out", out, "--format", "overlay,png,csv,davis-zip"]
    assert run(monkeypatch, *asked) == 1
    printed = capsys.readouterr()
    assert "clip, overlay: The frames of clip are needed" in printed.err
    assert "0 of 1 predictions are in" in printed.out
    assert {path.name for path in out.iterdir()} == {RECORD, "clip", "clip.csv", "davis.zip"}
    with zipfile.ZipFile(out / "davis.zip") as archive:
        assert len(archive.namelist()) == 5


def test_a_zip_lacks_no_prediction(store: ArtifactStore, tmp_path: Path) -> None:
    chosen = [Export("clip", "k"), Export("ant", "gone")]
    folder, ant, davis = export(store, chosen, tmp_path / "out", ["png", "davis-zip"])
    assert folder == tmp_path / "out" / "clip"
    assert isinstance(ant, NotExported)
    assert ant.export == chosen[1]
    assert isinstance(davis, NotExported)
    assert davis.text.startswith("davis.zip was not written: ant would be missing from it")
    assert not (tmp_path / "out" / "davis.zip").exists()


def test_which_predictions(store: ArtifactStore, clip: StreamedClip, tmp_path: Path) -> None:
    assert choose_exports(store, None, None) == [Export("clip", "k")]
    stream(store, clip, "k2")
    with pytest.raises(ParameterError, match="several predictions of clip: name a run"):
        choose_exports(store, None, None)
    ledger = RunLedger(store, "r")
    ledger.begin({}, "0")
    done = StageRecord("done", artifacts=((PREDICTIONS, "k"),))
    ledger.write(VideoRecord("clip", stages={"segment small": done}))
    assert choose_exports(store, "r", ["clip"]) == [Export("clip", "k")]
    other = StageRecord("done", artifacts=((PREDICTIONS, "k2"),))
    failed = StageRecord("failed", artifacts=((PREDICTIONS, "k3"),))
    stages = {"segment small": done, "segment propagate": other, "segment osvos": failed}
    ledger.write(VideoRecord("clip", stages=stages))
    chosen = choose_exports(store, "r", None)
    assert chosen == [Export("clip", "k", "small"), Export("clip", "k2", "propagate")]
    written = list(export(store, chosen, tmp_path / "out", ["png"]))
    assert written == [tmp_path / "out" / name / "clip" for name in ("small", "propagate")]
    with pytest.raises(MissingArtifactError, match="no label maps of dog; correct --videos"):
        choose_exports(store, "r", ["dog"])
    with pytest.raises(MissingArtifactError, match="There is no run"):
        choose_exports(store, "no-run", None)
    with pytest.raises(ParameterError, match="unknown format gif: choose of png, coco, overlay"):
        export(store, chosen, tmp_path / "out", ["gif"])
