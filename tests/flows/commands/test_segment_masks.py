"""First masks of `maskrnn segment`: from boxes and points, and on several frames."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskrnn_core.synthetic import SyntheticVideo
from storage.datasets.readers.own_video import open_own_video
from tests.command_line import run


def test_boxes_and_points_in_place_of_a_mask(
    own_video: Path,
    drawn: SyntheticVideo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ys, xs = np.nonzero(drawn.label_map(0) == 1)
    box = f"{xs.min()},{ys.min()},{xs.max() + 1},{ys.max() + 1}"
    middle = f"+{int(np.median(xs))},{int(np.median(ys))} -0,0"
    out, store = tmp_path / "out", tmp_path / "store"
    shown = ["segment", own_video, "--box", box, "--points", middle, "--out", out, "--preview"]
    assert run(monkeypatch, *shown, "--store", store) == 0
    assert "5 frames of 65x48, objects 1" in capsys.readouterr().out
    written = {path.name for path in out.iterdir()} - {".maskrnn-outputs.jsonl"}
    assert written == {"walk-first-masks.png"}
    assert not store.exists()
    assert run(monkeypatch, *shown[:-1], "--preset", "first-frame", "--store", store) == 0
    (prompts,) = out.glob("walk-prompts-*.json")
    masks = open_own_video(own_video, prompts)
    assert 1 in masks.objects
    found = np.asarray(masks.label_map(0)) == 1
    assert not found[: ys.min()].any()
    assert not found[:, : xs.min()].any()
    prompts.write_bytes(b"mine")
    assert run(monkeypatch, *shown, "--store", store) == 2
    assert prompts.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (["--box", "310,80,420,300"], "--box 310,80,420,300 lies outside the frame, which has 65x"),
        (["--points", "+20,20", "--points", "+9,90"], '--points "+9,90" lies outside the frame'),
        (["--box", "30,8,20,30"], "--box 30,8,20,30: box is"),
        (["--box", "5,5,40,40", "--preset", "smal"], "did you mean small"),
    ],
)
def test_refused_prompts_leave_the_input_of_an_earlier_run(
    bad: list[str],
    why: str,
    own_video: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, places = tmp_path / "out", ["--store", tmp_path / "store", "--out", tmp_path / "out"]
    good = ["--points", "+20,20", "--preset", "first-frame"]
    assert run(monkeypatch, "segment", own_video, *good, *places) == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    for preview in ([], ["--preview"]):
        assert run(monkeypatch, "segment", own_video, *bad, *places, *preview) == 2
        assert why in capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    (name,) = (path.name for path in (tmp_path / "store" / "runs").iterdir())
    assert run(monkeypatch, "rerun", name, "--store", tmp_path / "store") == 0


def test_masks_of_several_frames(
    own_video: Path, drawn: SyntheticVideo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = np.zeros((48, 65), np.uint8)
    later[4:20, 5:30] = 255
    Image.fromarray(later).save(tmp_path / "later.png")
    out = tmp_path / "out"
    masks = ["--mask", f"0={tmp_path / 'first.png'}", "--mask", f"3={tmp_path / 'later.png'}"]
    tokens = ["segment", own_video, *masks, "--preset", "first-frame", "--out", out]
    assert run(monkeypatch, *tokens, "--store", tmp_path / "store") == 0
    found = [np.asarray(Image.open(out / "walk" / f"{i:05d}.png")) for i in range(5)]
    np.testing.assert_array_equal(found[0], drawn.label_map(0))
    np.testing.assert_array_equal(found[2] == 1, found[0] == 1)
    for index in (3, 4):
        np.testing.assert_array_equal(found[index] == 1, later == 255)
    report = next((tmp_path / "store" / "runs").glob("video-*/report/summary.md"))
    assert "Masks given: walk, object 1 in frames 0 and 3" in report.read_text()


def test_a_warning_appears_once(
    own_video: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, store = tmp_path / "out", tmp_path / "store"
    tokens = ["segment", own_video, "--box", "5,5,40,40", "--preset", "first-frame", "--out", out]
    why = "the masks follow from them by GrabCut"
    assert run(monkeypatch, *tokens, "--store", store, "--dry-run") == 0
    told = capsys.readouterr().err
    assert told.count(why) == 1
    assert f"Warning: {out}" in told
    assert run(monkeypatch, *tokens, "--store", store) == 0
    told = capsys.readouterr().err
    assert told.count(why) == 1
    assert f"Check the masks before you rely on the result: {out}" in told


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (["--points", "+20,20"], ["--points", "+40,30"]),
        (["--mask", "0=FIRST", "--mask", "3=FIRST"], ["--mask", "0=FIRST", "--mask", "4=FIRST"]),
    ],
)
def test_other_masks_are_the_input_of_another_run(
    first: list[str],
    second: list[str],
    own_video: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = ["--preset", "first-frame", "--out", tmp_path / "out", "--store", tmp_path / "store"]
    names: list[set[str]] = []
    for masks in (first, second, first):
        named = [text.replace("FIRST", str(tmp_path / "first.png")) for text in masks]
        assert run(monkeypatch, "segment", own_video, *named, *options) == 0
        names.append({path.name for path in (tmp_path / "store" / "runs").iterdir()})
    assert [len(known) for known in names] == [1, 2, 2]
    assert run(monkeypatch, "rerun", *names[0], "--store", tmp_path / "store") == 0


@pytest.mark.parametrize(
    ("masks", "why"),
    [
        (["0=FIRST", "FIRST"], "of several masks each needs its frame"),
        (["0=FIRST", "0=FIRST"], "frame 0 has two masks"),
        (["0=FIRST", "00000=FIRST"], "Frame 00000 has two masks"),
        (["0=FIRST", "9=FIRST"], "no frame '9'"),
        (["0=FIRST", "3=NOWHERE.png"], "is not there"),
    ],
)
def test_bad_masks_of_frames(
    own_video: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    masks: list[str],
    why: str,
) -> None:
    named = [mask.replace("FIRST", str(tmp_path / "first.png")) for mask in masks]
    options = [token for mask in named for token in ("--mask", mask)]
    assert run(monkeypatch, "segment", own_video, *options, "--store", tmp_path / "store") == 2
    assert why in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "walk-masks" / "walk").exists()
