"""Training curves: from checkpoints to a table and a picture."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from storage.kinds.checkpoints import FINETUNED, PARENTS, save_checkpoint
from storage.runs.ledger import StageRecord, VideoRecord
from storage.store.artifacts import ArtifactStore
from tasks.reporting.curves import FIGURES, curves_section, curves_table, gather_curves, smoothed
from tasks.reporting.curves_plot import curves_figure
from tasks.reporting.plotting import png


def curve(stage: str, losses: list[float]) -> list[dict[str, object]]:
    """A curve as it was stored before losses were recorded apart."""
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
    assert static["loss"] == "4.000 to 1.000"
    finetuned = table.loc["finetune"]
    assert finetuned["networks"] == 2
    assert finetuned["loss"] == "3.000 to 1.500"
    assert finetuned["learning rate"] == "0.1 to 0.005"
    assert static["waiting for data"] == 0.2
    assert table.index.tolist() == ["static", "recurrent", "finetune"]


def test_smoothing_keeps_the_mean_of_a_constant_and_the_length() -> None:
    constant = pd.DataFrame(curve("static", [3.0] * 50))
    assert smoothed(constant).tolist() == [3.0] * 50
    spike = pd.DataFrame(curve("static", [0.0] * 50 + [1.0] + [0.0] * 49))
    assert smoothed(spike).max() == pytest.approx(1 / 5)
    assert smoothed(spike).sum() == pytest.approx(1.0)


def picture_of(curves: pd.DataFrame) -> np.ndarray:
    data = np.frombuffer(png(curves_figure(curves)), np.uint8)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))


def loss_axis(curves: pd.DataFrame) -> Any:
    return curves_figure(curves).axes[0]


def test_section_and_picture(gathered: pd.DataFrame) -> None:
    assert "![plots/training.png](plots/training.png)" in curves_section(
        gathered, "plots/training.png"
    )
    picture = picture_of(gathered)
    assert picture.shape[:2] == (400, 1200)  # three stages; loss and learning rate
    blue = np.all(picture == (0xB4, 0x77, 0x1F), axis=2)
    columns = np.flatnonzero(blue.any(axis=0))
    assert all(((columns > left) & (columns < left + 400)).any() for left in (0, 400, 800))


def apart(stage: str, figures: dict[str, list[float]]) -> pd.DataFrame:
    points = curve(stage, [9.0] * len(next(iter(figures.values()))))
    empty = dict.fromkeys(FIGURES, np.nan)
    table = pd.DataFrame([empty | point for point in points])
    for name, values in figures.items():
        table[name] = values
    return table.assign(preset="small", network="parent")


def test_losses_that_are_known_apart_are_not_added() -> None:
    static = apart(
        "static",
        {
            "mask_loss": [0.5] * 10 + [0.1] * 10,
            "box_loss": [2.0] * 20,
            "proposal_iou": [np.nan, 0.625] * 10,
            "box_iou": [np.nan, 0.75] * 10,
            "J": [0.5] * 10 + [0.875] * 10,
        },
    )
    recurrent = apart("recurrent", {"mask_loss": [0.25], "J": [0.75]})
    rows = curves_table(pd.concat([static, recurrent])).set_index("stage")
    assert "loss" not in rows.columns
    assert rows.loc["static", "mask loss"] == "0.500 to 0.100"
    assert rows.loc["static", "box loss"] == "2.000 to 2.000"
    assert rows.loc["static", "box IoU before"] == "0.625 to 0.625"
    assert rows.loc["static", "box IoU after"] == "0.750 to 0.750"
    assert rows.loc["static", "J"] == "0.500 to 0.875"
    assert rows.loc["recurrent", "box loss"] == ""
    height, width = picture_of(pd.concat([static, recurrent])).shape[:2]
    assert (height, width) == (910, 850)  # two stages; five rows


@pytest.mark.parametrize(("low", "high"), [(0.8, 0.95), (0.003, 0.9), (0.4, 30.0), (0.0, 0.0)])
def test_labels_of_a_loss_do_not_overlap(low: float, high: float) -> None:
    losses = np.geomspace(high or 1, low or 1, 60) if high else np.zeros(60)
    axis = loss_axis(apart("static", {"mask_loss": list(losses), "J": [0.5] * 60}))
    axis.figure.canvas.draw()
    labels = [label for label in axis.get_yticklabels(which="both") if label.get_text()]
    bottom, top = axis.get_window_extent().intervaly
    heights = sorted(
        (label.get_window_extent().y0, label.get_window_extent().y1)
        for label in labels
        if bottom <= label.get_window_extent().intervaly.mean() <= top
    )
    assert len(heights) >= 2
    assert all(one[1] <= other[0] for one, other in pairwise(heights))


def test_nothing_trained_is_no_section(tmp_path: Path) -> None:
    empty = gather_curves(ArtifactStore(str(tmp_path)), {"camel": VideoRecord("camel")})
    assert empty.empty
    assert curves_section(empty, "x.png") == ""
