"""Records are written at once if others rely on them, otherwise soon; none is lost."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from storage.errors import StoreFullError
from storage.runs.ledger import RunLedger, State, VideoRecord
from storage.runs.names import RecordName, StageName
from storage.store.artifacts import ArtifactStore
from tasks.run import run_records
from tasks.run.run_context import RunContext
from tasks.run.run_records import Change, RunRecords
from tests.tasks.inline import InlineBridge

A, INGEST = RecordName("video", "a"), StageName("ingest")


class CountedLedger(RunLedger):
    """Counts writes, and fails on demand."""

    writes = 0
    full = False

    def write(self, record: VideoRecord) -> None:
        self.writes += 1
        if self.full:
            raise StoreFullError("no space")
        super().write(record)


@pytest.fixture
def ledger(tmp_path: Path) -> CountedLedger:
    return CountedLedger(ArtifactStore(str(tmp_path)), "run")


def state(name: State) -> Change:
    return lambda record: replace(record, state=name)


def test_what_can_wait_is_written_with_the_next_change(ledger: CountedLedger) -> None:
    records = RunRecords(ledger, "driver")
    records.change("a", state("pending"), soon=True)
    assert records.of("a").state == "pending"
    assert ledger.writes == 0
    records.change("a", state("running"))
    assert ledger.writes == 1
    assert ledger.read("a") == records.of("a") == records.written("a")
    records.close()
    assert ledger.writes == 1


def test_what_can_wait_does_not_wait_for_long(
    ledger: CountedLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_records, "SOON_SECONDS", 0.05)
    records = RunRecords(ledger, "")
    for name in ("a", "b"):
        for _ in range(3):
            records.change(name, state("running"), soon=True)
    deadline = time.monotonic() + 30
    while ledger.read("b") is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [record.state for record in ledger.records()] == ["running", "running"]


def test_the_end_of_a_run_writes_the_rest(ledger: CountedLedger) -> None:
    records = RunRecords(ledger, "")
    records.change("a", state("running"), soon=True)
    records.close()
    found = ledger.read("a")
    assert found is not None
    assert found.state == "running"


def test_a_ledger_that_cannot_be_written_is_told_and_tried_again(ledger: CountedLedger) -> None:
    records = RunRecords(ledger, "")
    ledger.full = True
    with pytest.raises(StoreFullError):
        records.change("a", state("running"))
    records.close()  # tries, and leaves the telling to the next change
    assert records.written("a").state == "pending"
    ledger.full = False
    records.close()
    assert records.written("a").state == "running"


def test_stages_that_were_announced_are_not_written_one_by_one(ledger: CountedLedger) -> None:
    context = RunContext(ArtifactStore(ledger.location), InlineBridge(), ledger)
    announced = {
        StageName("finetune", "small", number): ("things", f"k{number}") for number in range(3)
    }
    context.announce(A, announced)
    found = ledger.read("a")
    assert found is not None
    assert set(found.artifacts()) == set(announced.values())
    for name, (kind, key) in announced.items():
        with context.stage(A, name) as stage:
            stage.refers_to(kind, key)
    assert ledger.writes == 1
    context.end(A)
    found = ledger.read("a")
    assert found is not None
    assert {stage.state for stage in found.stages.values()} == {"done"}
    assert ledger.writes == 2


def test_what_was_announced_and_never_begun_goes_with_the_end(ledger: CountedLedger) -> None:
    context = RunContext(ArtifactStore(ledger.location), InlineBridge(), ledger)
    context.announce(A, {INGEST: ("things", "k1"), StageName("flow"): ("things", "k2")})
    with pytest.raises(ValueError, match="broke"), context.stage(A, INGEST):
        raise ValueError("it broke")
    context.end(A)
    found = ledger.read("a")
    assert found is not None
    assert found.state == "failed"
    assert list(found.stages) == ["ingest"]
