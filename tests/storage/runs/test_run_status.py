"""The status of a run, from its records and its heartbeats."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from storage.runs.drivers import drive, drivers
from storage.runs.ledger import RunLedger, StageRecord, VideoRecord
from storage.runs.run_status import run_status
from storage.store.artifacts import ArtifactStore

ROOT = Path(__file__).resolve().parents[3]

# Drives a run, records a stage as running under its artifact's lease, and waits to be killed.
_DRIVER = """
import sys, time
from storage.store.artifacts import ArtifactStore
from storage.runs.drivers import drive
from storage.runs.ledger import RunLedger, StageRecord, VideoRecord

store = ArtifactStore(sys.argv[1])
ledger = RunLedger(store, "night")
with drive(store, ledger) as token, store.lease("flow", "k"):
    ledger.begin({}, "0.1.0", ["bee", "ant"])
    running = StageRecord("running", artifacts=(("flow", "k"),))
    ledger.write(VideoRecord("bee", None, "running", 1, {"flow": running}, driver=token))
    print("running", flush=True)
    time.sleep(120)
"""


def test_a_run_whose_process_was_killed_is_stale_and_not_running(store: ArtifactStore) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _DRIVER, store.url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        status = run_status(store, "night")
        assert status.is_driven
        assert status.is_well
        ant, bee = status.videos
        assert (ant.video, ant.condition) == ("ant", "pending")
        assert bee.condition == "running"
        stage = bee.stages["flow"]
        assert stage.condition == "running"
        assert stage.worker.endswith(f" {process.pid}")
        assert stage.silent is not None
        assert stage.silent < 60
        os.kill(process.pid, signal.SIGKILL)
    status = run_status(store, "night")
    assert not status.is_driven
    assert not status.is_well
    assert [video.condition for video in status.videos] == ["pending", "stale"]
    assert status.videos[1].stages["flow"].condition == "stale"
    assert status.counts == {"pending": 1, "stale": 1}
    assert [driver.is_alive for driver in status.drivers] == [False]


def test_a_driver_without_a_sign_of_life_is_dead_wherever_it_is(store: ArtifactStore) -> None:
    ledger = RunLedger(store, "night")
    with drive(store, ledger) as token:
        path = Path(ledger.location) / "drivers" / f"{token}.json"
        record = json.loads(path.read_bytes())
        [driver] = drivers(store, "night")
        assert (driver.token, driver.pid, driver.is_alive) == (token, os.getpid(), True)
        for age, alive in ((0, True), (60, False)):
            # Its own clock is an hour ahead, and nobody asks it.
            changed = {"machine": "another", "time": time.time() + 3600}
            path.write_text(json.dumps({**record, **changed}))
            os.utime(path, (time.time() - age, time.time() - age))
            assert [driver.is_alive for driver in drivers(store, "night")] == [alive]
    with drive(store, ledger):
        assert len(drivers(store, "night")) == 1, "dead ones are cleared away"
    assert drivers(store, "night") == []


def test_two_drivers_of_one_run(store: ArtifactStore) -> None:
    ledger = RunLedger(store, "night")
    ledger.begin({}, "0.1.0")
    with drive(store, ledger) as first:
        with drive(store, ledger) as second:
            for name, token in (("ant", first), ("bee", second)):
                ledger.write(VideoRecord(name, None, "running", 1, driver=token))
            assert run_status(store, "night").counts == {"running": 2}
        assert run_status(store, "night").counts == {"running": 1, "stale": 1}


def test_a_stage_waits_until_somebody_works_on_it(store: ArtifactStore) -> None:
    ledger = RunLedger(store, "night")
    ledger.begin({}, "0.1.0")
    with drive(store, ledger) as token:
        stages = {
            "ingest": StageRecord("done", 1.0, reused=True),
            "flow": StageRecord("done", 2.0, worker="worker-0"),
            "segment small": StageRecord("running", artifacts=(("predictions", "k"),)),
            "segment propagate": StageRecord("failed", error="torn"),
        }
        ledger.write(VideoRecord("bee", None, "running", 1, stages, driver=token))
        [video] = run_status(store, "night").videos
        conditions = [stage.condition for stage in video.stages.values()]
        assert conditions == ["reused", "done", "waiting", "failed"]
        assert video.stages["segment propagate"].text == "torn"
        lease = store.lease("predictions", "k")
        assert lease is not None
        with lease:
            [video] = run_status(store, "night").videos
            assert video.stages["segment small"].condition == "running"


def test_records_of_the_training_are_no_videos(store: ArtifactStore) -> None:
    ledger = RunLedger(store, "night")
    ledger.begin({}, "0.1.0", ["walk"])
    ledger.write(VideoRecord("walk", None, "done"))
    ledger.write(VideoRecord("train/a", None, "failed"))
    ledger.write(VideoRecord("parent/small", None, "done"))
    status = run_status(store, "night")
    assert [record.video for record in status.videos] == ["walk"]
    assert [record.video for record in status.training] == ["parent/small", "train/a"]
    assert status.counts == {"done": 1}
    assert not status.is_well, "a training video failed"
