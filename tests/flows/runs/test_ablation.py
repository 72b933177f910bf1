"""`maskrnn ablation`: Table 2 as one run that shares what its configurations have in common."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from prefect.artifacts import Artifact

from flows.commands.execution import execute
from tasks.errors import ParameterError
from tests.flows.tiny import OVERRIDES

PARENTS = ["small+astream", "small+loc-apply", "small+rnn", "small+warp"]


def fields(store: Path, **others: Any) -> dict[str, Any]:
    return {
        "store": str(store),
        "overrides": OVERRIDES,
        "ablation": True,
        "compare": (),
        "videos": ("val-000",),
        "run_id": "run",
        **others,
    }


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("prefect_server")
def test_four_parents_serve_twelve_configurations_and_nothing_is_made_twice(
    tmp_path: Path, started: list[str], scheduler: str
) -> None:
    store = tmp_path / "store"
    assert execute(fields(store, dask_address=scheduler)) == 0
    parents = [name for name in started if name.startswith("train parent/")]
    assert sorted(parents) == [f"train parent/{name}" for name in PARENTS]
    by_stage = pd.Series([name.split(" ")[0] for name in started]).value_counts().to_dict()
    report = store / "runs" / "run" / "report"
    per_object = pd.read_csv(report / "per_object.csv")
    followed = per_object.groupby("preset").size()
    assert len(followed) == 12
    assert by_stage["finetune"] == 4 * followed.iloc[0]
    assert by_stage["segment"] == by_stage["evaluate"] == 12

    started.clear()
    assert execute(fields(store)) == 0
    assert started == []
    shutil.rmtree(next((store / "predictions").iterdir()))  # as an interruption leaves it
    assert execute(fields(store, dask_address=scheduler)) == 0
    assert [name.split(" ")[0] for name in started] == ["segment"]

    table = pd.read_csv(report / "ablation.csv")
    assert table["configuration"].tolist()[::5] == ["AStream", "'+ RNN"]  # escaped for spreadsheets
    assert table["paper with finetuning"].tolist()[-1] == 60.51
    mean = per_object[per_object["preset"] == "small+rnn"]["J_mean"].mean()
    assert table["J with finetuning"].iloc[-1] == pytest.approx(100 * mean)
    assert len(pd.read_csv(report / "ablation_differences.csv")) == 16
    assert (report / "ablation.png").stat().st_size > 0
    for key in ("ablation", "training-curves"):
        assert "](data:image/png;base64,iVBOR" in str(asyncio.run(Artifact.aget(key)))
    summary = (report / "summary.md").read_text()
    assert "![plots/training.png](plots/training.png)" in summary
    curves = pd.read_csv(report / "training_curves.csv")
    assert set(curves["stage"]) == {"localization", "static", "recurrent", "finetune"}
    of_parents = 4 * 2 + 2 * 2 + 1  # two of them have a localization net
    assert len(curves) == of_parents + 4 * followed.iloc[0] * 2
    assert "of the 16 differences have the sign that the paper gives them" in summary


def test_what_an_ablation_cannot_do_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="remove the option parent"):
        execute(fields(tmp_path, parent="x"))
    with pytest.raises(ParameterError, match="base it on small or paper"):
        execute(fields(tmp_path, preset="osvos", overrides={}))
    assert list(tmp_path.iterdir()) == []
