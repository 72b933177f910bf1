"""`maskrnn segment VIDEO --mask FILE`: segments a user's video in one command."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskrnn_core.synthetic import SyntheticVideo
from storage.datasets.video.video_file import VideoFile
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tests.command_line import run
from tests.flows.own_video import TIMES
from tests.flows.tiny import OVERRIDES


@pytest.mark.timeout(400)
@pytest.mark.usefixtures("prefect_server")
def test_one_command(
    own_video: Path,
    drawn: SyntheticVideo,
    scheduler: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = tmp_path / "store"
    options = ["--store", store, "--dask-address", scheduler, "--set"]
    options += [f"{key}={value}" for key, value in OVERRIDES.items()]
    command = ["segment", own_video, "--mask", tmp_path / "first.png", "--out", tmp_path / "out"]
    command += ["--preset", "small", *options]
    assert run(monkeypatch, "train", *options) == 0
    parent = capsys.readouterr().out.partition("Parent of small: ")[2].split()[0]
    assert run(monkeypatch, *command) == 0
    printed = capsys.readouterr()
    assert "It is segmented at its own size." in printed.err
    assert f"Parent reused: {parent}" in printed.err
    assert f"parent of small: reused, {parent}" in printed.err
    name = next(path.name for path in (store / "runs").iterdir() if "video" in path.name)
    assert sorted(RunLedger(ArtifactStore(str(store)), name).videos()) == ["parent/small", "walk"]
    assert run(monkeypatch, "status", "--store", store) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith(name))
    assert line.split()[-2:] == ["1", "0"]
    names = sorted(path.name for path in (tmp_path / "out" / "walk").iterdir())
    assert names == [f"{index:05d}.png" for index in range(5)]
    assert "Confidence" in printed.out
    report = store / "runs" / name / "report"
    assert {"confidence.csv", "per_frame_confidence.csv", "overlays", "masks"} <= {
        path.name for path in report.iterdir()
    }
    for again in ([], ["--anew"]):
        assert run(monkeypatch, "report", name, "--store", store, *again) == 0
        told = capsys.readouterr().out
        assert "1 of 1 videos done." in told
        assert "objects are doubtful" in told
        assert f"Parent of small: `{parent}`." in told
    first = np.asarray(Image.open(tmp_path / "out" / "walk" / "00000.png"))
    np.testing.assert_array_equal(first, drawn.label_map(0))
    overlay = VideoFile(tmp_path / "out" / "walk.mp4")
    assert overlay.size == (48, 66)
    np.testing.assert_allclose(overlay.times, TIMES, atol=0.001)
    assert run(monkeypatch, *command) == 0
    assert ": 0 units computed" in capsys.readouterr().out
    (tmp_path / "out" / "walk" / "00002.png").write_bytes(b"drawn by hand")
    assert run(monkeypatch, *command) == 2
    assert "00002.png has changed since this program wrote it" in capsys.readouterr().err
    assert (tmp_path / "out" / "walk" / "00002.png").read_bytes() == b"drawn by hand"


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (["VIDEO"], "give --mask FIRST.png"),
        ([], "give VIDEO with --mask, --box or --points, or --dataset NAME"),
        (["--preset", "first-frame"], "give VIDEO with --mask"),
        (["--mask", "FIRST"], "give VIDEO with --mask"),
        (["--mask", "FIRST", "--dataset", "synthetic"], "need a video"),
        (["VIDEO.no", "--mask", "FIRST"], "walk.mp4.no does not exist"),
        (["VIDEO", "--mask", "FIRST", "--dataset", "davis2016"], "give a video either as VIDEO"),
        (["VIDEO", "--mask", "FIRST.no"], "first.png.no is not there"),
        (["VIDEO", "--mask", "LARGE"], "is 9x9, but the video is 65x48"),
        (["FIRST", "--mask", "FIRST"], "cannot be decoded"),
        (["VIDEO", "--mask", "FIRST", "--box", "1,2,3,4"], "give either --mask, or --box and"),
        (["VIDEO", "--box", "1,2,3"], "--box 1,2,3: write X0,Y0,X1,Y1"),
        (["VIDEO", "--points", "1,2"], "write the points of one object"),
        (["VIDEO", "--points=-1,2"], "with one + at least"),
        (["https://example.org/a.mp4", "--mask", "FIRST"], "https:// is an address"),
        (["VIDEO", "--mask", "s3://bucket/first.png"], "`maskrnn archive` (docs/archive.md)"),
        (["VIDEO", "--mask", "FIRST", "--preset", "smal"], "did you mean small"),
        (
            ["VIDEO", "--mask", "FIRST", "--resolution", "0"],
            "--resolution 0: Input",
        ),
    ],
)
def test_bad_input_is_found_before_anything_starts(
    tokens: list[str],
    message: str,
    own_video: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Image.fromarray(np.ones((9, 9), np.uint8)).save(tmp_path / "large.png")
    places = {"VIDEO": own_video, "FIRST": tmp_path / "first.png", "LARGE": tmp_path / "large.png"}
    for name, place in places.items():
        tokens = [token.replace(name, str(place)) for token in tokens]
    store = tmp_path / "store"
    assert run(monkeypatch, "segment", *tokens, "--store", store) == 2
    told = capsys.readouterr().err
    assert message in told
    assert ": video, by " not in told  # no run is named that is refused
    assert not store.exists()


@pytest.mark.parametrize(
    ("resolution", "told"),
    [("32", "at 43x32, a short side of 32 pixels (see --resolution)"), ("48", "at its own size")],
)
def test_the_size_and_the_training_are_told_before_the_start(
    resolution: str,
    told: str,
    own_video: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tokens = [own_video, "--mask", tmp_path / "first.png", "--resolution", resolution]
    tokens += ["--store", tmp_path / "store", "--cluster", "no.such.Cluster"]
    assert run(monkeypatch, "segment", *tokens) == 2
    printed = capsys.readouterr().err
    assert f"It is segmented {told}" in printed
    assert "Preset lucid, which learns from the first mask alone" in printed
    assert run(monkeypatch, "segment", *tokens, "--preset", "small") == 2
    assert "There is no parent of small for generated videos" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("masks", "name"),
    [
        (["--box", "10,10,40,40"], "walk-prompts-*.json"),
        (["--points", "+20,20 -0,0"], "walk-prompts-*.json"),
        (["--mask", "0=FIRST", "--mask", "3=FIRST"], "walk-given-*"),
        (["--mask", "FIRST"], ""),
    ],
)
def test_a_dry_run_writes_nothing(
    masks: list[str],
    name: str,
    own_video: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tokens = [token.replace("FIRST", str(tmp_path / "first.png")) for token in masks]
    tokens += ["--preset", "first-frame", "--store", str(tmp_path / "store")]
    before = sorted(tmp_path.rglob("*"))
    assert run(monkeypatch, "segment", own_video, *tokens, "--dry-run") == 0
    printed = capsys.readouterr()
    assert "5 frames of 65x48, objects 1" in printed.err
    assert "segment" in printed.out
    assert run(monkeypatch, "segment", own_video, *tokens, "--preview", "--dry-run") == 0
    assert "First masks: would be drawn" in capsys.readouterr().out
    assert sorted(tmp_path.rglob("*")) == before
    assert run(monkeypatch, "segment", own_video, *tokens) == 0
    done = next(path.name for path in (tmp_path / "store" / "runs").iterdir())
    assert f"run {done}:" in printed.err  # the run itself has the name that was shown
    capsys.readouterr()
    assert run(monkeypatch, "segment", own_video, *tokens, "--dry-run") == 0
    assert "Nothing to compute." in capsys.readouterr().out
    if name:
        (place,) = (tmp_path / "walk-masks").glob(name)
        (place / "00000.png" if place.is_dir() else place).write_bytes(b"mine")
        assert run(monkeypatch, "segment", own_video, *tokens, "--dry-run") == 2
        assert "has changed since this program wrote it" in capsys.readouterr().err
