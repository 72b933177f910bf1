"""Training curves: from checkpoints to a table and a picture."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from storage.kinds.checkpoints import FINETUNED, PARENTS, save_checkpoint
from storage.runs.ledger import StageRecord, VideoRecord
from storage.store.artifacts import ArtifactStore
from tasks.reporting.curves import curves_section, curves_table, gather_curves, smoothed
from tasks.reporting.curves_plot import curves_plot


def curve(stage: str, losses: list[float]) -> list[dict[str, object]]:
    return [
        {
            "stage": stage,
            "step": step,
            "loss": loss,
            "learning_rate": 0.1 / (step + 1),
            "seconds": 0.5,
            "wait": 0.125,
        }
        for step, loss in enumerate(losses)
    ]


@pytest.fixture
def gathered(tmp_path: Path) -> pd.DataFrame:
    """A parent of both stages, a shared finetuning, another one, one that failed."""
    store = ArtifactStore(str(tmp_path))
    falling = [4.0] * 10 + [1.0] * 10
    weights = {"w": np.zeros(1, np.float32)}
    offline = curve("static", falling) + curve("recurrent", [0.5, 0.25])
    save_checkpoint(store, PARENTS, "p", weights, {}, offline)
    save_checkpoint(store, PARENTS, "loaded", weights, {"imported_from": "x"})
    save_checkpoint(store, FINETUNED, "one", weights, {}, curve("finetune", falling))
    save_checkpoint(store, FINETUNED, "two", weights, {}, curve("finetune", [2.0] * 20))

    def done(kind: str, key: str) -> StageRecord:
        return StageRecord("done", artifacts=((kind, key),))

    records = {
        "parent/small+rnn": VideoRecord("parent/small+rnn", stages={"train": done(PARENTS, "p")}),
        "parent/other": VideoRecord("parent/other", stages={"train": done(PARENTS, "loaded")}),
        "camel": VideoRecord(
            "camel",
            stages={
                "finetune small+rnn/1": done(FINETUNED, "one"),
                "finetune small+twin/1": done(FINETUNED, "one"),
                "finetune small+rnn/2": done(FINETUNED, "two"),
                "finetune small+rnn/3": StageRecord("failed", artifacts=((FINETUNED, "none"),)),
                "finetune small+rnn/4": done(FINETUNED, "dropped"),
            },
        ),
    }
    return gather_curves(store, records)


def test_every_network_counts_once(gathered: pd.DataFrame) -> None:
    assert set(gathered["network"]) == {"parent", "camel/1", "camel/2"}
    assert set(gathered["preset"]) == {"small+rnn"}
    assert len(gathered) == 22 + 20 + 20


def test_the_table_compares_start_and_end(gathered: pd.DataFrame) -> None:
    table = curves_table(gathered).set_index("stage")
    static = table.loc["static"]
    assert (static["loss at the start"], static["loss at the end"]) == (4.0, 1.0)
    finetuned = table.loc["finetune"]
    assert finetuned["networks"] == 2
    assert finetuned["loss at the start"] == 3.0
    assert finetuned["loss at the end"] == 1.5
    assert finetuned["learning rate"] == "0.1 to 0.005"
    assert static["waiting for data"] == 0.2
    assert table.index.tolist() == ["static", "recurrent", "finetune"]


def test_smoothing_keeps_the_mean_of_a_constant_and_the_length() -> None:
    constant = pd.DataFrame(curve("static", [3.0] * 50))
    assert smoothed(constant).tolist() == [3.0] * 50
    spike = pd.DataFrame(curve("static", [0.0] * 50 + [1.0] + [0.0] * 49))
    assert smoothed(spike).max() == pytest.approx(1 / 5)
    assert smoothed(spike).sum() == pytest.approx(1.0)


def test_section_and_picture(gathered: pd.DataFrame) -> None:
    assert "![plots/training.png](plots/training.png)" in curves_section(
        gathered, "plots/training.png"
    )
    data = np.frombuffer(curves_plot(gathered), np.uint8)
    picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
    assert picture.shape[:2] == (500, 1200)  # three stages
    blue = np.all(picture == (0xB4, 0x77, 0x1F), axis=2)
    columns = np.flatnonzero(blue.any(axis=0))
    assert all(((columns > left) & (columns < left + 400)).any() for left in (0, 400, 800))


def test_nothing_trained_is_no_section(tmp_path: Path) -> None:
    empty = gather_curves(ArtifactStore(str(tmp_path)), {"camel": VideoRecord("camel")})
    assert empty.empty
    assert curves_section(empty, "x.png") == ""
