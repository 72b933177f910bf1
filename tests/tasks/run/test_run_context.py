"""Stages are recorded as they happen, and existing artifacts are reused."""

from pathlib import Path

import pytest

from storage.runs.ledger import RunLedger
from storage.runs.names import RecordName, StageName
from storage.store.artifacts import ArtifactStore
from tasks.errors import UnitError
from tasks.run.run_context import RunContext
from tests.tasks.inline import InlineBridge

LIBBY, BEAR = RecordName("video", "libby"), RecordName("video", "bear")
INGEST, SMALL = StageName("ingest"), StageName("segment", "small")


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
        with context.stage(LIBBY, INGEST) as stage:
            assert stage.obtain("things", "k1", write, "hello", resource="CPU") == "k1"
    assert isinstance(context.bridge, InlineBridge)
    assert context.bridge.names == ["ingest libby"]
    assert context.store.open("things", "k1").get("text") == b"hello"


def test_records_say_what_was_computed_and_what_reused(context: RunContext) -> None:
    context.begin(LIBBY)
    for name in (INGEST, StageName("flow")):
        with context.stage(LIBBY, name) as stage:
            stage.obtain("things", "k1", write, "hello", resource="CPU")
    context.end(LIBBY)
    record = context.ledger.read("libby")
    assert record is not None
    assert record.state == "done"
    assert [item.reused for item in record.stages.values()] == [False, True]
    assert record.stages["ingest"].worker == "this process"
    assert record.stages["ingest"].artifacts == (("things", "k1"),)


def test_a_failure_is_recorded_with_cause_and_traceback(context: RunContext) -> None:
    context.begin(LIBBY)
    with pytest.raises(UnitError), context.stage(LIBBY, INGEST) as stage:
        stage.obtain("things", "k2", fail, resource="CPU")
    context.end(LIBBY)
    record = context.ledger.read("libby")
    assert record is not None
    assert record.state == "failed"
    assert record.stages["ingest"].error == "RuntimeError: the unit broke"
    assert "in fail" in (record.stages["ingest"].traceback or "")
    assert not context.store.exists("things", "k2")


def test_attempts_are_counted_over_runs(context: RunContext) -> None:
    context.begin(LIBBY)
    context.end(LIBBY)
    again = RunContext(context.store, InlineBridge(), RunLedger(context.store, "run"))
    again.begin(LIBBY)
    assert again.records()["libby"].attempt == 2
    assert again.records()["libby"].stages == {}


def test_an_error_is_recorded_even_if_no_stage_has_and_only_once(context: RunContext) -> None:
    context.begin(LIBBY)
    with pytest.raises(ValueError, match="bad frame") as caught, context.stage(LIBBY, INGEST):
        raise ValueError("bad frame")
    context.blame(LIBBY, SMALL, caught.value)
    context.blame(BEAR, SMALL, ValueError("nobody has recorded this"))
    for video, stage in ((LIBBY, INGEST), (BEAR, SMALL)):
        context.end(video)
        record = context.ledger.read(str(video))
        assert record is not None
        assert record.state == "failed"
        assert list(record.stages) == [str(stage)]
