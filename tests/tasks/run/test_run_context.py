"""Stages are recorded as they happen, and existing artifacts are reused."""

from pathlib import Path

import pytest

from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.errors import UnitError
from tasks.run.run_context import RunContext
from tests.tasks.inline import InlineBridge


def write(store_url: str, key: str, text: str) -> None:
    with ArtifactStore(store_url).create("things", key) as writer:
        writer.put("text", text.encode())


def fail(store_url: str, key: str) -> None:
    raise RuntimeError("the unit broke")


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    store = ArtifactStore(str(tmp_path))
    return RunContext(store, InlineBridge(), RunLedger(store, "run"))


def test_a_missing_artifact_is_made_once(context: RunContext) -> None:
    for _ in range(2):
        with context.stage("libby", "make") as stage:
            assert stage.obtain("things", "k1", write, "hello", resource="CPU") == "k1"
    assert isinstance(context.bridge, InlineBridge)
    assert context.bridge.names == ["make libby"]
    assert context.store.open("things", "k1").get("text") == b"hello"


def test_records_say_what_was_computed_and_what_reused(context: RunContext) -> None:
    context.begin("libby")
    for name in ("first", "second"):
        with context.stage("libby", name) as stage:
            stage.obtain("things", "k1", write, "hello", resource="CPU")
    context.end("libby")
    record = context.ledger.read("libby")
    assert record is not None
    assert record.state == "done"
    assert [item.reused for item in record.stages.values()] == [False, True]
    assert record.stages["first"].worker == "inline"
    assert record.stages["first"].artifacts == (("things", "k1"),)


def test_a_failure_is_recorded_with_cause_and_traceback(context: RunContext) -> None:
    context.begin("libby")
    with pytest.raises(UnitError), context.stage("libby", "make") as stage:
        stage.obtain("things", "k2", fail, resource="CPU")
    context.end("libby")
    record = context.ledger.read("libby")
    assert record is not None
    assert record.state == "failed"
    assert record.stages["make"].error == "RuntimeError: the unit broke"
    assert "in fail" in (record.stages["make"].traceback or "")
    assert not context.store.exists("things", "k2")


def test_attempts_are_counted_over_runs(context: RunContext) -> None:
    context.begin("libby")
    context.end("libby")
    again = RunContext(context.store, InlineBridge(), RunLedger(context.store, "run"))
    again.begin("libby")
    assert again.records()["libby"].attempt == 2
    assert again.records()["libby"].stages == {}


def test_an_error_is_recorded_even_if_no_stage_has_and_only_once(context: RunContext) -> None:
    context.begin("libby")
    with pytest.raises(ValueError, match="bad frame") as caught, context.stage("libby", "flow"):
        raise ValueError("bad frame")
    context.blame("libby", "segment small", caught.value)
    context.blame("bear", "segment small", ValueError("nobody has recorded this"))
    for video, stage in (("libby", "flow"), ("bear", "segment small")):
        context.end(video)
        record = context.ledger.read(video)
        assert record is not None
        assert record.state == "failed"
        assert list(record.stages) == [stage]
