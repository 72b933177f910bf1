"""What the ledger says of units that had not started when their run was ended."""

from pathlib import Path

import pytest

from flows.begun_run import begun_run
from flows.cli.interrupts import print_interrupted
from flows.commands.status import print_status
from flows.plan.parameters import BenchmarkParameters
from flows.runs.rerun_choice import choose_videos
from flows.runs.whole_run import rerun_command
from storage.runs.ledger import RunLedger, StageRecord, VideoRecord
from storage.runs.names import RecordName, StageName
from storage.store.artifacts import ArtifactStore
from tasks.errors import RunEndedError
from tasks.run.run_context import RunContext
from tests.tasks.inline import InlineBridge

WALK, INGEST, SEGMENT = RecordName("video", "walk"), StageName("ingest"), StageName("segment", "a")


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    """A run whose workers are stopped."""
    store = ArtifactStore(str(tmp_path))
    bridge = InlineBridge()
    bridge.close()
    ledger = RunLedger(store, "run")
    ledger.begin({}, "0.1.0", ["walk"])
    return RunContext(store, bridge, ledger)


def test_a_unit_that_could_not_start_stays_pending_and_is_run_again(
    context: RunContext, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    context.begin(WALK)
    with pytest.raises(RunEndedError) as caught, context.stage(WALK, SEGMENT) as stage:
        stage.obtain("predictions", "k", len, resource="GPU")
    context.blame(WALK, INGEST, caught.value)
    context.end(WALK)
    record = context.ledger.read("walk")
    assert record is not None
    assert record.state == "pending"
    assert record.stages == {
        "segment a": StageRecord("pending", artifacts=(("predictions", "k"),)),
    }
    assert caplog.messages == []
    assert print_status(context.store.url, "run") == 1
    told = capsys.readouterr().out
    assert "run was ended" not in told
    assert "failed" not in told
    assert "stopped before its end; videos: 1 pending" in told
    chosen = choose_videos(context.store, "run", ["walk"], failed=True, videos=None)
    assert chosen == frozenset({"walk"})


def test_a_stage_that_nothing_reached_is_pending_too(context: RunContext) -> None:
    context.begin(WALK)
    context.blame(WALK, INGEST, RunEndedError())
    context.end(WALK)
    record = context.ledger.read("walk")
    assert record is not None
    assert (record.state, record.stages) == ("pending", {"ingest": StageRecord("pending")})


@pytest.mark.parametrize(("states", "told"), [("ff", "failed;"), ("fd", "failed in part;")])
def test_a_run_failed_in_part_only_if_a_part_came_through(
    context: RunContext, capsys: pytest.CaptureFixture[str], states: str, told: str
) -> None:
    context.ledger.write(VideoRecord("walk", None, "failed" if states[0] == "f" else "done"))
    context.ledger.write(VideoRecord("run", None, "failed" if states[1] == "f" else "done"))
    context.ledger.write(VideoRecord("parent/small", None, "done"))
    assert print_status(context.store.url, "run") == 1
    assert f": {told}" in capsys.readouterr().out


def test_an_interruption_names_the_run_and_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("flows.begun_run._commands", [])
    print_interrupted()
    assert capsys.readouterr().err == (
        "maskrnn: interrupted; the same command continues where this one stopped\n"
    )
    parameters = BenchmarkParameters(store="s3://key:secret@bucket", run_id="my run")
    begun_run("my run", rerun_command(parameters))
    print_interrupted()
    assert capsys.readouterr().err == (
        "maskrnn: the run my run was interrupted; the same command continues where this one "
        "stopped, and so does `maskrnn rerun 'my run' --store s3://bucket`\n"
    )
