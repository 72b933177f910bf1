"""Real processes: a writer that is stopped for longer than its lease, and one that takes over."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage.store.artifacts import ArtifactStore

ROOT = Path(__file__).resolve().parents[3]

# Writes the files of things/k under a lease of one second; waits for a line of input before
# the files named in `waits`, and before it publishes. Tells how it ended.
_WRITER = """
import sys
from storage.store.artifacts import ArtifactStore
from storage.errors import LeaseLostError

url, waits = sys.argv[1], sys.argv[2].split(",")
store = ArtifactStore(url)

def reach(where):
    if where in waits:
        print(where, flush=True)
        sys.stdin.readline()

lease = store.lease("things", "k", seconds=1)
try:
    with lease, store.create("things", "k", {"files": 2}) as writer:
        print("kept", *sorted(writer.digests), flush=True)
        for name in ("one.bin", "two.bin"):
            reach(name)
            lease.check()
            if name not in writer.digests:
                writer.put(name, name.encode() * 1000)
                if "save" in waits:
                    writer.save_progress()
        reach("publish")
    print("published", flush=True)
except LeaseLostError:
    print("lost", flush=True)
"""


class Writer:
    """A process that writes things/k; it stops at the places named in `waits`."""

    def __init__(self, store: ArtifactStore, *waits: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, store.url, ",".join(waits)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def expect(self, line: str) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == line

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def stop(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def wake(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def begin() -> Iterator[Callable[..., Writer]]:
    """Starts writers, which end with the test."""
    started: list[Writer] = []

    def start(store: ArtifactStore, *waits: str) -> Writer:
        started.append(Writer(store, *waits))
        return started[-1]

    yield start
    for writer in started:
        writer.close()


@pytest.fixture(params=["local", "s3"])
def shared_store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    """A store that several processes reach."""
    if request.param == "local":
        return ArtifactStore(str(tmp_path / "store"))
    return ArtifactStore(f"{request.getfixturevalue('bucket')}/store")


def _is_whole(store: ArtifactStore) -> bool:
    artifact = store.open("things", "k")
    return artifact.damage() == [] and artifact.names == ["one.bin", "two.bin"]


@pytest.mark.parametrize(
    ("shared_store", "awake_before"),
    [("local", "two.bin"), ("local", "publish"), ("local", "end"), ("s3", "publish")],
    indirect=["shared_store"],
)
def test_who_lost_the_lease_destroys_nothing(
    shared_store: ArtifactStore, begin: Callable[..., Writer], awake_before: str
) -> None:
    """The first writer wakes while the second one is at its first file, its last, or done."""
    first = begin(shared_store, "one.bin")
    first.expect("kept")
    first.expect("one.bin")
    first.stop()
    second = begin(shared_store, "two.bin", "publish")
    second.expect("kept")
    second.expect("two.bin")
    first.go_on()
    if awake_before == "two.bin":
        first.wake()
        first.expect("lost")
    second.go_on()
    second.expect("publish")
    if awake_before == "publish":
        first.wake()
        first.expect("lost")
    second.go_on()
    second.expect("published")
    if awake_before == "end":
        first.wake()
        first.expect("lost")
    for writer in (first, second):
        assert writer.process.wait(20) == 0
    assert _is_whole(shared_store)
    assert shared_store.lease_owner("things", "k") is None


def test_the_next_writer_goes_on_from_saved_progress(
    shared_store: ArtifactStore, begin: Callable[..., Writer]
) -> None:
    first = begin(shared_store, "save", "two.bin")
    first.expect("kept")
    first.expect("two.bin")
    first.stop()
    second = begin(shared_store, "save", "publish")
    second.expect("kept one.bin")
    second.expect("publish")
    first.go_on()
    first.wake()
    first.expect("lost")
    second.go_on()
    second.expect("published")
    for writer in (first, second):
        assert writer.process.wait(20) == 0
    assert _is_whole(shared_store)
    shared_store.sweep_staging(0)
    assert _is_whole(shared_store)
