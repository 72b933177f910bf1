"""Writers of one artifact: one stopped for longer than its lease, two at one instant on S3."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from storage.store.artifacts import ArtifactStore
from tests.clusters import ROOT
from tests.faults.moments import MOMENTS
from tests.faults.slow_proxy import SlowProxy
from tests.s3 import S3Server, s3_environment, using

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

FILES = 12

# Makes the artifact named on each line of input, at the moment that the line gives, as
# a worker does; tells what it came to.
_WRITER = """
import sys, time
from storage.store.artifacts import ArtifactStore
from storage.errors import LeaseLostError

url, me, files, wait = sys.argv[1:]
store = ArtifactStore(url)

def make(key):
    lease = store.lease("things", key, seconds=1, until=lambda: store.exists("things", key))
    if lease is None:
        return "found"
    try:
        with lease:
            if store.exists("things", key):
                return "found"
            with store.create("things", key, {"files": files}) as writer:
                print("writing", flush=True)
                for number in range(int(files)):
                    name = f"file-{number}"
                    if name not in writer.digests:
                        writer.put(name, f"{name} of {me}".encode() * 100)
                        writer.save_progress()
                        time.sleep(float(wait))
    except LeaseLostError:
        return "lost"
    return "made"

print("ready", flush=True)
for line in sys.stdin:
    key, moment = line.split()
    time.sleep(max(0.0, float(moment) - time.time()))
    print(make(key), flush=True)
"""


class Writer:
    """A process that makes artifacts when it is told to."""

    def __init__(self, url: str, name: str, files: int, wait: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, url, name, str(files), str(wait)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.line() == "ready"

    def line(self) -> str:
        """The next thing that it says."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def make(self, key: str, moment: float = 0.0) -> None:
        """Have it make an artifact at a moment, in seconds since 1970."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{key} {moment}\n")
        self._process.stdin.flush()

    def end(self) -> str:
        """What it came to."""
        while (told := self.line()) == "writing":
            pass
        return told

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def _check_whole(store: ArtifactStore, key: str, files: int) -> None:
    artifact = store.open("things", key)
    assert (artifact.damage(), len(artifact.names)) == ([], files)


def test_a_writer_is_stopped_beyond_its_lease(tmp_path: Path) -> None:
    """It wakes at any moment of the work of the one that took over, or after its end."""
    store = ArtifactStore(str(tmp_path / "store"))
    chance = random.Random(7)
    ends: Counter[tuple[str, str]] = Counter()
    writers = [Writer(store.url, name, FILES, 0.05) for name in ("first", "second")]
    try:
        for number in range(MOMENTS):
            key = f"k{number}"
            first, second = chance.sample(writers, 2)
            first.make(key)
            assert first.line() == "writing"
            time.sleep(chance.uniform(0.0, 0.4))
            first.signal(signal.SIGSTOP)
            second.make(key)
            told = second.line()
            time.sleep(chance.uniform(0.0, 0.8))
            first.signal(signal.SIGCONT)
            ends[first.end(), second.end() if told == "writing" else told] += 1
            _check_whole(store, key, FILES)
    finally:
        for writer in writers:
            writer.close()
    print(f"{MOMENTS} rounds, (stopped writer, the other): {dict(ends)}")
    assert set(ends) <= {("lost", "made")}, ends
    assert ends.total() == MOMENTS


def test_two_writers_on_s3_at_one_instant(s3_server: S3Server, bucket: str) -> None:
    """One computes, the other finds the result; the lease is never given twice."""
    chance = random.Random(8)
    proxy = SlowProxy(s3_server.environment["AWS_ENDPOINT_URL"], 0.15, 9)
    store = ArtifactStore(f"{bucket}/store")
    ends: Counter[tuple[str, ...]] = Counter()
    with using(s3_environment(proxy.endpoint)):
        writers = [Writer(store.url, name, 2, 0.0) for name in ("first", "second")]
    try:
        for number in range(MOMENTS):
            moment = time.time() + 0.1
            for writer in writers:
                writer.make(f"k{number}", moment + chance.uniform(0.0, 0.05))
            ends[tuple(sorted(writer.end() for writer in writers))] += 1
            _check_whole(store, f"k{number}", 2)
    finally:
        for writer in writers:
            writer.close()
        proxy.close()
    print(f"{MOMENTS} rounds: {dict(ends)}")
    assert ends == {("found", "made"): MOMENTS}
