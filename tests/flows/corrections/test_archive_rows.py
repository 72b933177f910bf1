"""An archive is not corrected, and what the refusal recommends works."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from flows.cli.app import app
from storage.kinds.predictions import StoredPrediction
from storage.store.artifacts import ArtifactStore
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


@pytest.mark.timeout(200)
def test_a_mask_that_is_added_to_a_row_corrects_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr("flows.runs.whole_run.Bridge", lambda *_, **__: InlineBridge())
    store, masks = tmp_path / "store", tmp_path / "masks"
    masks.mkdir()
    for video in ("walk", "other"):
        for index in range(4):
            mask = draw(tmp_path / video / f"{index:05d}.png", 8 + 2 * index)
            if index == 0:
                Image.fromarray(mask).save(masks / "00000.png")
    Image.fromarray(mask).save(tmp_path / "single.png")
    table = tmp_path / "walks.csv"
    table.write_text("id,video,mask\nwalk,walk,masks\nother,other,single.png\n")
    asked = ["archive", table, "--preset", "propagate", "--store", store, "--run-id", "walks"]
    assert run(*asked) == 0

    def keys() -> dict[str, str]:
        rows = pd.read_csv(store / "runs" / "walks" / "report" / "videos.csv")
        return dict(zip(rows["id"], rows["prediction"], strict=True))

    before = keys()
    later = np.zeros((48, 64), np.uint8)
    later[30:40, 2:12] = 1
    Image.fromarray(later).save(tmp_path / "later.png")
    capsys.readouterr()
    assert (
        run("correct", "walks", "walk", "--mask", f"2={tmp_path / 'later.png'}", "--store", store)
        == 2
    )
    told = " ".join(capsys.readouterr().err.split())
    assert "the run walks is an archive, which keeps no frames" in told
    assert "walks.csv, and repeat `maskrnn archive`" in told
    Image.fromarray(later).save(masks / "00002.png")
    assert run(*asked) == 0
    after = keys()
    assert after["other"] == before["other"]
    assert after["walk"] != before["walk"]
    corrected = StoredPrediction(ArtifactStore(str(store)), after["walk"])
    np.testing.assert_array_equal(corrected.label_map(2), later)
