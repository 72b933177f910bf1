"""A row of an archive is corrected by a run of its own, from its masks and the added ones."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flows.cli.app import app
from storage.kinds.predictions import StoredPrediction
from storage.runs.all_runs import list_runs
from storage.store.artifacts import ArtifactStore
from tasks.export.export_formats import choose_exports
from tests.tasks.inline import InlineBridge


def run(*tokens: object) -> int:
    code = app([str(token) for token in tokens], result_action="return_value")
    assert isinstance(code, int)
    return code


def draw(place: Path, x: int) -> np.ndarray:
    """A frame 48 x 64 with a bright square at x, and the mask of the square beside it."""
    mask = np.zeros((48, 64), np.uint8)
    mask[10:26, x : x + 16] = 1
    frame = np.random.default_rng(x).integers(20, 60, (48, 64, 3), dtype=np.uint8)
    frame[mask > 0] += np.uint8(150)
    place.parent.mkdir(exist_ok=True)
    Image.fromarray(frame).save(place)
    return mask


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two clips of four frames in the archive `walks`; returns its store."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr("flows.runs.whole_run.Bridge", lambda *_, **__: InlineBridge())
    store = tmp_path / "store"
    for video in ("walk", "other"):
        for index in range(4):
            mask = draw(tmp_path / video / f"{index:05d}.png", 8 + 2 * index)
            if index == 0:
                Image.fromarray(mask).save(tmp_path / f"{video}.png")
    table = tmp_path / "walks.csv"
    table.write_text("id,video,mask\nwalk,walk,walk.png\nother,other,other.png\n")
    asked = ["archive", table, "--preset", "propagate", "--store", store, "--run-id", "walks"]
    assert run(*asked) == 0
    return store


def prediction(store: Path, name: str) -> StoredPrediction:
    known = ArtifactStore(str(store))
    (chosen,) = choose_exports(known, name, ["walk"])
    return StoredPrediction(known, chosen.key)


def square(place: Path, y: int) -> np.ndarray:
    mask = np.zeros((48, 64), np.uint8)
    mask[y : y + 10, 2:12] = 1
    Image.fromarray(mask).save(place)
    return mask


@pytest.mark.timeout(200)
def test_a_row_is_corrected_and_corrected_again(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "other.png").unlink()  # another row need not be usable any more
    before = prediction(archive, "walks")
    second, third = (square(tmp_path / f"{y}.png", y) for y in (30, 20))
    asked = ["--store", archive, "--out", tmp_path / "right"]
    assert run("correct", "walks", "walk", "--mask", f"2={tmp_path / '30.png'}", *asked) == 0
    (name,) = (info.run_id for info in list_runs(ArtifactStore(str(archive))) if "-" in info.run_id)
    corrected = prediction(archive, name)
    np.testing.assert_array_equal(corrected.label_map(0), before.label_map(0))
    np.testing.assert_array_equal(corrected.label_map(2), second)
    shown = Image.open(tmp_path / "right" / "walk" / "00002.png")
    np.testing.assert_array_equal(np.asarray(shown), second)
    assert corrected.metadata["masks"] == {"0": [1], "2": [1]}
    assert prediction(archive, "walks").key == before.key, "the archive stays as it was"

    again = ["--store", archive, "--out", tmp_path / "again"]
    assert run("correct", name, "walk", "--mask", f"3={tmp_path / '20.png'}", *again) == 0
    (last,) = {info.run_id for info in list_runs(ArtifactStore(str(archive)))} - {name, "walks"}
    assert last.count("corrected") == 1
    np.testing.assert_array_equal(prediction(archive, last).label_map(2), second)
    np.testing.assert_array_equal(prediction(archive, last).label_map(3), third)


def test_refusals_name_the_cure(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    square(tmp_path / "later.png", 30)
    mask = ["--mask", f"2={tmp_path / 'later.png'}", "--store", archive]
    out = ["--out", tmp_path / "right"]
    capsys.readouterr()
    for asked, told in (
        (["correct", "walks", "walk", *mask], "name the row, and a folder that keeps its masks"),
        (["correct", "walks", "wolk", *mask, *out], "There are no label maps of wolk"),
        (
            ["correct", "walks", "walk", *mask, *out, "--backwards"],
            "reads its videos forwards only",
        ),
        (["suggest", "walks", "--store", archive], "`maskrnn correct walks ROW --mask"),
    ):
        assert run(*asked) == 2
        assert told in " ".join(capsys.readouterr().err.split())
    (tmp_path / "walk.png").unlink()
    assert run("correct", "walks", "walk", *mask, *out) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "no longer has the row walk, or its files cannot be used" in told
    assert not (tmp_path / "right").exists()
