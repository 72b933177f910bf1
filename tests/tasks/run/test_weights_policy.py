"""Finetuned weights are dropped only where no other run needs them."""

from pathlib import Path

import pytest

from storage.kinds.checkpoints import FINETUNED
from storage.runs.ledger import RunLedger, StageRecord, VideoRecord
from storage.runs.names import RecordName
from storage.store.artifacts import ArtifactStore
from tasks.run.run_context import RunContext
from tasks.run.weights_policy import WeightsDropper
from tests.tasks.inline import InlineBridge

BEAR = RecordName("video", "bear")


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    store = ArtifactStore(str(tmp_path))
    for key in ("free", "wanted"):
        with store.create(FINETUNED, key) as writer:
            writer.put("weights", b"w")
    other = RunLedger(store, "other")
    other.begin({}, "0")
    stages = {"finetune": StageRecord("done", artifacts=((FINETUNED, "wanted"),))}
    other.write(VideoRecord("bear", stages=stages))
    return RunContext(store, InlineBridge(), RunLedger(store, "run"))


def test_weights_of_another_run_stay(context: RunContext) -> None:
    WeightsDropper(context).drop(BEAR, {"free", "wanted"})
    assert context.store.keys(FINETUNED) == ["wanted"]


def test_a_damaged_record_of_another_run_keeps_the_weights(
    context: RunContext, caplog: pytest.LogCaptureFixture
) -> None:
    path = Path(context.store.url, "runs", "other", "videos", "bear.json")
    path.write_bytes(b"{")
    WeightsDropper(context).drop(BEAR, {"free", "wanted"})
    assert context.store.keys(FINETUNED) == ["free", "wanted"]
    assert f"the finetuned weights of bear are kept: {path}" in caplog.text
