"""A run of many videos has one Prefect task run per batch; everything else is unchanged."""

import json
from pathlib import Path

import pytest

from flows.commands.execution import execute
from flows.runs.stage_calls import watch_batch
from tasks.errors import TaskError
from tests.flows.runs.task_runs import task_runs
from tests.flows.tiny import OVERRIDES

pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("prefect_server")]


def artifacts(run_id: str) -> set[str | None]:
    """Keys of what a flow run shows in the web interface, with some text."""
    from prefect import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName

    with get_client(sync_client=True) as client:
        named = FlowRunFilter(name=FlowRunFilterName(any_=[run_id]))
        found = client.read_artifacts(flow_run_filter=named)
    return {artifact.key for artifact in found if run_id in str(artifact.data)}


def test_batches(tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.runs.stage_calls.MOST_VIDEOS", 1)
    monkeypatch.setattr("flows.runs.stage_calls.BATCH", 1)
    asked = {
        "store": str(tmp_path),
        "run_id": "many",
        "preset": "propagate",
        "compare": (),
        "until": "report",
        "dask_address": scheduler,
        "overrides": {key: OVERRIDES[key] for key in OVERRIDES if key.startswith("synthetic.")},
    }
    assert execute(asked) == 0
    names = {name for name, _ in task_runs("many")}
    assert names <= {"videos 1 to 1", "videos 2 to 2", "report", "page"}
    assert artifacts("many") == {"report", "files", "page"}
    figures = json.loads((tmp_path / "runs" / "many" / "report" / "summary.json").read_text())
    assert [row["video"] for row in figures["sequences"]] == ["val-000", "val-001"]


def test_a_batch_names_the_videos_that_failed() -> None:
    assert watch_batch.fn(1, 2, lambda: None, lambda names: [], ["a", "b"]) is None
    with pytest.raises(TaskError, match="1 of 2 videos failed: b"):
        watch_batch.fn(1, 2, lambda: None, lambda names: ["b"], ["a", "b"])
