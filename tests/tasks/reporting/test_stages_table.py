"""The table of what the stages of a run cost."""

from pathlib import Path
from typing import Any

import pytest

from storage.kinds.predictions import PREDICTIONS
from storage.kinds.stored_flow import FLOW
from storage.runs.ledger import StageRecord, VideoRecord
from storage.store.artifacts import ArtifactStore
from tasks.reporting.stages_table import stages_table


@pytest.mark.parametrize("seconds", [2.5, {"open": 1.0, "segment": 2.0, "all": 2.5}])
def test_seconds_of_whole_and_of_streamed_predictions(tmp_path: Path, seconds: Any) -> None:
    store = ArtifactStore(str(tmp_path))
    with store.create(PREDICTIONS, "k") as writer:
        writer.metadata["seconds"] = seconds
    stage = StageRecord("done", 3.0, reused=True, artifacts=((PREDICTIONS, "k"),))
    table = stages_table(store, {"clip": VideoRecord("clip", stages={"segment small": stage})})
    assert table[["seconds now", "original seconds"]].to_numpy().tolist() == [[3.0, 2.5]]


def test_artifacts_that_were_removed_do_not_stop_the_report(tmp_path: Path) -> None:
    stage = StageRecord("done", 3.0, artifacts=((FLOW, "gone"),))
    table = stages_table(
        ArtifactStore(str(tmp_path)), {"clip": VideoRecord("clip", stages={"flow": stage})}
    )
    assert table[["computed", "original seconds"]].to_numpy().tolist() == [[1.0, 0.0]]
