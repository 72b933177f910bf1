"""A really full or read-only disk: a small file system in its own mount namespace.

Nothing half-written stays, the error tells what to do, and after mending the same work succeeds.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
_UNSHARE = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
_MOUNT = "mount -t tmpfs -o size={size}k tmpfs {place} && exec {python} -c '{script}' {place}"

_COMMON = """
import os, subprocess, sys
from pathlib import Path
from storage.store.artifacts import ArtifactStore
from storage.errors import StoreAccessError, StoreFullError
from storage.runs.ledger import RunLedger, VideoRecord
from tests.storage.store.artifact_cases import CASES

place = Path(sys.argv[1])
store = ArtifactStore(str(place / "store"))
"""

_FULL = (
    _COMMON
    + """
make, read = CASES["{kind}"]
elsewhere = ArtifactStore("memory://elsewhere")
whole = read(elsewhere, make(elsewhere))
ballast = place / "ballast"
failed = 0
for left in range({first}, 400, 4):
    with ballast.open("wb") as file:
        space = os.statvfs(place)
        file.write(bytes(max(0, space.f_bavail * space.f_frsize - left * 1024)))
    try:
        key = make(store)
    except StoreFullError as error:
        assert "Free some space" in str(error), error
        failed += 1
        assert store.keys("{kind}") == []
        # A write that was on its way in another thread may still end in the staging folder.
        store.sweep_staging(0)
        left = [p for p in (place / "store").rglob("*") if p.is_file() and p.suffix != ".lease"]
        assert not left, left
        ballast.unlink()
    else:
        break
assert failed, "the disk was never full"
ballast.unlink()
assert read(store, make(store)) == whole
"""
)

_READ_ONLY = (
    _COMMON
    + """
keys = {kind: make(store) for kind, (make, _) in CASES.items()}
ledger = RunLedger(store, "run")
ledger.write(VideoRecord("v"))
whole = {kind: read(store, keys[kind]) for kind, (_, read) in CASES.items()}
other = ArtifactStore(str(place / "other"))
subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
assert {kind: read(store, keys[kind]) for kind, (_, read) in CASES.items()} == whole
assert [record.video for record in ledger.records()] == ["v"]
asked = [lambda make=make: make(other) for make, _ in CASES.values()]
asked += [lambda: ledger.write(VideoRecord("w")), lambda: store.remove("videos", keys["videos"])]
for number, ask in enumerate(asked):
    try:
        ask()
    except StoreAccessError as error:
        assert "Check the rights" in str(error), error
    else:
        raise SystemExit(f"{number} wrote to a read-only store")
assert {kind: read(store, keys[kind]) for kind, (_, read) in CASES.items()} == whole
"""
)


def run_on_small_disk(script: str, place: Path, kilobytes: int) -> None:
    """Run code in a process that has a file system of this size at `place`."""
    if subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a file system in a name space (unshare)")
    command = _MOUNT.format(size=kilobytes, place=place, python=sys.executable, script=script)
    done = subprocess.run(
        [*_UNSHARE, command], cwd=ROOT, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("kind", ["videos", "flow", "finetuned", "predictions", "evaluations"])
def test_a_full_disk(kind: str, tmp_path: Path) -> None:
    script = _FULL.replace("{kind}", kind).replace("{first}", "4")
    run_on_small_disk(script.replace("'", '"'), tmp_path, 2048)


@pytest.mark.timeout(240)
def test_a_read_only_disk(tmp_path: Path) -> None:
    run_on_small_disk(_READ_ONLY, tmp_path, 2048)
