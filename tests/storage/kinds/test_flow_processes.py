"""Several processes on the flow of one video: killed and resumed, racing, taking over."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storage.kinds.repair import repair
from storage.kinds.stored_flow import FLOW, StoredFlow
from storage.store.artifacts import ArtifactStore

ROOT = Path(__file__).resolve().parents[3]

COUNT = 1000

# Writes flow; prints the frames that it computes. "hang=N" stops before frame N, for ever.
_WRITER = """
import sys, time
import numpy as np
from storage.store.artifacts import ArtifactStore
from storage.kinds.stored_flow import write_flow

url, count, *options = sys.argv[1:]
count = int(count)
options = dict(option.split("=") for option in options)

def pairs(start):
    print("from", start, flush=True)
    for index in range(start, count):
        if index == int(options.get("hang", -1)):
            print("hanging", flush=True)
            time.sleep(120)
        time.sleep(float(options.get("wait", 0)))
        noise = np.random.default_rng(index).normal(size=(2, 5, 7, 2)).astype(np.float32)
        yield index, noise[0] if index else None, noise[1] if index < count - 1 else None

patience = float(options.get("patience", 20))
done = write_flow(ArtifactStore(url), "k", pairs, count, (5, 7), {}, patience=patience)
print("done", done.computed, done.kept, flush=True)
"""


def _start(store: ArtifactStore, count: int, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, store.url, str(count), *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def _lines(process: subprocess.Popen[str]) -> list[str]:
    return process.communicate(timeout=50)[0].splitlines()


def _wait_for(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    while (found := process.stdout.readline().strip()) != line:
        assert found, f"ended before it said {line}"


def _content(store: ArtifactStore) -> dict[str, bytes]:
    """Every file except the marker, which contains a time."""
    place = Path(store.location(FLOW, "k"))
    return {
        str(path.relative_to(place)): path.read_bytes()
        for path in place.rglob("*")
        if path.is_file() and path.name != "complete.json"
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    store = ArtifactStore(str(tmp_path_factory.mktemp("undisturbed")))
    with _start(store, COUNT) as process:
        assert _lines(process) == ["from 0", f"done {COUNT} 0"]
    return _content(store)


def test_killed_and_resumed(store: ArtifactStore, undisturbed: dict[str, bytes]) -> None:
    with _start(store, COUNT, "hang=700") as process:
        _wait_for(process, "hanging")
        os.kill(process.pid, signal.SIGKILL)
    assert not store.exists(FLOW, "k")
    with _start(store, COUNT) as process:
        # 43 whole runs of 16 frames
        assert _lines(process) == ["from 688", "done 312 688"]
    assert _content(store) == undisturbed
    assert store.sweep_staging(0) == []


def test_two_racing(store: ArtifactStore, undisturbed: dict[str, bytes]) -> None:
    racing = [_start(store, COUNT, "wait=0.001") for _ in range(2)]
    printed = sorted(_lines(process) for process in racing)
    assert printed == [["done 0 0"], ["from 0", f"done {COUNT} 0"]], "one works, the other waits"
    assert _content(store) == undisturbed
    assert store.sweep_staging(0) == []


def test_who_waits_takes_over_when_the_other_is_killed(
    store: ArtifactStore, undisturbed: dict[str, bytes]
) -> None:
    with _start(store, COUNT, "hang=500") as first:
        _wait_for(first, "hanging")
        with _start(store, COUNT) as second:
            time.sleep(1.0)
            assert second.poll() is None
            started = time.monotonic()
            os.kill(first.pid, signal.SIGKILL)
            assert _lines(second) == ["from 496", "done 504 496"]
    assert time.monotonic() - started < 10, "a dead process of this machine is not waited for"
    assert _content(store) == undisturbed


def test_a_stopped_writer_is_taken_over_and_notices(store: ArtifactStore) -> None:
    count = 64
    with _start(store, count, "wait=0.02", "patience=2") as first:
        _wait_for(first, "from 0")
        time.sleep(0.5)
        os.kill(first.pid, signal.SIGSTOP)
        try:
            with _start(store, count, "patience=2") as second:
                printed = _lines(second)
        finally:
            os.kill(first.pid, signal.SIGCONT)
        assert printed[-1].startswith("done ")
        assert _lines(first) == ["done 0 0"], "it finds the other one's result"
    assert repair(store, FLOW, "k") == ""
    assert StoredFlow(store, "k").frame_count == count
    # Nobody discards what the stopped writer may have written after it woke up; sweeping does.
    assert all(path.startswith(".staging/flow/k.partial-") for path in store.sweep_staging(0))
