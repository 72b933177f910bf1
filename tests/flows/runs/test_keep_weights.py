"""`--keep-weights`: predictions stay complete when their finetuned weights are dropped."""

from pathlib import Path
from typing import Any

import pytest

from flows.commands.execution import execute
from storage.kinds.checkpoints import FINETUNED
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.run.weights_policy import DROPPED
from tests.flows.tiny import OVERRIDES
from tests.tasks.inline import InlineBridge

pytestmark = [pytest.mark.timeout(600), pytest.mark.usefixtures("prefect_server")]


@pytest.fixture
def bridge(monkeypatch: pytest.MonkeyPatch) -> InlineBridge:
    """Runs units in this process; `names` lists them."""
    inline = InlineBridge()
    monkeypatch.setattr("flows.runs.whole_run.Bridge", lambda *_, **__: inline)
    monkeypatch.setattr(inline, "close", lambda: None)
    return inline


def fields(store: ArtifactStore, **others: Any) -> dict[str, Any]:
    overrides = {**OVERRIDES, "synthetic.videos_val": "1", "synthetic.videos_train": "1"}
    named = {"store": store.url, "overrides": overrides, "run_id": "run", "compare": ()}
    return {**named, "preset": "small", "until": "evaluate", **others}


def test_dropped_weights_are_made_again_only_when_they_are_needed(
    tmp_path: Path, bridge: InlineBridge
) -> None:
    store = ArtifactStore(str(tmp_path))
    assert execute(fields(store, keep_weights="none")) == 0
    assert store.keys(FINETUNED) == []
    record = RunLedger(store, "run").read("val-000")
    assert record is not None
    finetuned = [stage for name, stage in record.stages.items() if name.startswith("finetune")]
    assert finetuned
    assert all(stage.note == DROPPED and not stage.artifacts for stage in finetuned)
    assert all(kind != FINETUNED for kind, _ in record.artifacts())

    bridge.names.clear()
    assert execute(fields(store, keep_weights="none")) == 0
    assert bridge.names == []

    changed = {**fields(store)["overrides"], "inference.threshold": "0.4"}
    assert execute(fields(store, overrides=changed)) == 0
    assert sum(name.startswith("finetune") for name in bridge.names) == len(finetuned)
    assert len(store.keys(FINETUNED)) == len(finetuned)

    # Another run wants them now.
    assert execute(fields(store, keep_weights="none", run_id="other")) == 0
    assert len(store.keys(FINETUNED)) == len(finetuned)
