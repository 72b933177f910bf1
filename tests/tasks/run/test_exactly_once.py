"""Several runs need one artifact: it is made once, even if a run is killed."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from storage.errors import LeaseLostError
from storage.runs.ledger import RunLedger, StageRecord
from storage.runs.names import RecordName, StageName
from storage.store.artifacts import ArtifactStore
from tasks.errors import TaskError
from tasks.run import exactly_once
from tasks.run.exactly_once import Making, await_other_run, make_once
from tasks.run.run_context import RunContext
from tests.tasks.inline import InlineBridge

ROOT = Path(__file__).resolve().parents[3]

# A run that obtains things/k and tells what became of it; the unit counts its calls in a file.
_RUN = """
import sys, time
from storage.store.artifacts import ArtifactStore
from storage.errors import LeaseLostError
from storage.runs.ledger import RunLedger, StageRecord
from storage.runs.names import RecordName, StageName
from tasks.run.run_context import RunContext
from tests.tasks.inline import InlineBridge

url, run, seconds = sys.argv[1:]

def unit(store_url, key, seconds):
    with open(f"{store_url}/calls", "a") as calls:
        calls.write(run + "\\n")
    print("working", flush=True)
    time.sleep(seconds)
    with ArtifactStore(store_url).create("things", key) as writer:
        writer.put("by", run.encode())

store = ArtifactStore(url)
context = RunContext(store, InlineBridge(), RunLedger(store, run))
with context.stage(RecordName("video", "libby"), StageName("ingest")) as stage:
    stage.obtain("things", "k", unit, float(seconds), resource="CPU")
context.close()
record = context.ledger.read("libby").stages["ingest"]
print("reused" if record.reused else "computed", flush=True)
"""


def start(store: ArtifactStore, run: str, seconds: float) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _RUN, store.url, run, str(seconds)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )


def printed(process: "subprocess.Popen[str]") -> list[str]:
    return process.communicate(timeout=50)[0].splitlines()


def calls(store: ArtifactStore) -> list[str]:
    return (Path(store.url) / "calls").read_text().splitlines()


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(str(tmp_path))


def test_of_two_racing_runs_one_computes_and_the_other_reuses(store: ArtifactStore) -> None:
    racing = [start(store, run, 1.0) for run in ("one", "two")]
    ends = sorted(printed(process) for process in racing)
    assert ends == [["reused"], ["working", "computed"]]
    assert len(calls(store)) == 1
    assert store.sweep_staging(0) == []


def test_the_work_of_a_killed_run_is_taken_over(store: ArtifactStore) -> None:
    with start(store, "first", 60) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "working\n"
        with start(store, "second", 0) as second:
            time.sleep(3)
            assert second.poll() is None
            killed = time.monotonic()
            os.kill(first.pid, signal.SIGKILL)
            assert printed(second) == ["working", "computed"]
    assert time.monotonic() - killed < 10
    assert calls(store) == ["first", "second"]
    assert store.open("things", "k").get("by") == b"second"


def write(store_url: str, key: str) -> str:
    with ArtifactStore(store_url).create("things", key) as writer:
        writer.put("text", b"hello")
    return "value"


def test_a_worker_does_not_wait_for_a_living_writer(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exactly_once, "_TAKE_OVER_SECONDS", 0.5)
    lease = store.lease("things", "k")
    assert lease is not None
    with lease, ThreadPoolExecutor(1) as pool:
        made = pool.submit(make_once, write, store.url, "things", "k", ()).result()
        assert made == Making("held")
    assert make_once(write, store.url, "things", "k", ()) == Making("made", "value")
    assert make_once(write, store.url, "things", "k", ()) == Making("found")


def test_a_beat_shows_that_the_writer_lives(store: ArtifactStore) -> None:
    lease = store.lease("things", "k", seconds=2)
    assert lease is not None
    with lease, ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        made = pool.submit(make_once, write, store.url, "things", "k", ()).result()
        assert made == Making("held")
        assert time.monotonic() - began < 10


def test_waiting_for_another_run_ends_with_this_one(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await_other_run(store, "things", "k", lambda: False, "make libby")  # nobody is at it
    lease = store.lease("things", "k")
    assert lease is not None
    with lease:
        await_other_run(store, "things", "k", lambda: True, "make libby")
        monkeypatch.setattr(exactly_once, "_PATIENCE_SECONDS", 0.3)
        with pytest.raises(TaskError, match=f"make libby.* process {os.getpid()}"):
            await_other_run(store, "things", "k", lambda: False, "make libby")


def test_a_writer_that_was_taken_over_leaves_it_to_the_other(store: ArtifactStore) -> None:
    def lose(store_url: str, key: str) -> Any:
        raise LeaseLostError("another one took it")

    assert make_once(lose, store.url, "things", "k", ()) == Making("held")


def test_an_artifact_with_a_missing_file_is_made_again(store: ArtifactStore) -> None:
    def obtain() -> StageRecord:
        context = RunContext(store, InlineBridge(), RunLedger(store, "run"))
        with context.stage(RecordName("video", "libby"), StageName("ingest")) as stage:
            stage.obtain("things", "k", write, resource="CPU")
        context.close()
        record = context.ledger.read("libby")
        assert record is not None
        return record.stages["ingest"]

    assert not obtain().reused
    assert obtain().reused
    (Path(store.location("things", "k")) / "text").unlink()
    again = obtain()
    assert not again.reused
    assert "damaged things was removed and computed again" in again.note
    assert "text changed or missing" in again.note
    assert store.open("things", "k").get("text") == b"hello"


def test_a_failed_unit_gives_its_lease_back(store: ArtifactStore) -> None:
    def fail(store_url: str, key: str) -> Any:
        raise RuntimeError("broke")

    context = RunContext(store, InlineBridge(), RunLedger(store, "run"))
    name = RecordName("video", "libby"), StageName("ingest")
    with pytest.raises(RuntimeError, match="broke"), context.stage(*name) as stage:
        stage.obtain("things", "k", fail, resource="CPU")
    assert store.lease_owner("things", "k") is None
