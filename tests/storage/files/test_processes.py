"""Several processes on one store; a process killed in the middle."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from storage.store.artifacts import ArtifactStore

ROOT = Path(__file__).resolve().parents[3]

_WRITER = """
import sys, time
import numpy as np
from pathlib import Path
from storage.store.artifacts import ArtifactStore

url, me, go = sys.argv[1:]
store = ArtifactStore(url)
Path(go + me).touch()
while not Path(go).exists():
    time.sleep(0.001)
with store.create("things", "k") as writer:
    writer.put("who.txt", me.encode())
    array = writer.group().create_array("a", shape=(8, 4), chunks=(1, 4), dtype="uint8")
    for index in range(8):
        array[index] = int(me)
assert store.exists("things", "k")
print(store.open("things", "k").get("who.txt").decode())
"""

_HANGING = """
import sys, time
from storage.store.artifacts import ArtifactStore

with ArtifactStore(sys.argv[1]).create("things", "k") as writer:
    writer.put("note.txt", b"half")
    writer.group().create_array("a", shape=(4,), chunks=(1,), dtype="uint8")[0] = 1
    print("written", flush=True)
    time.sleep(60)
"""


def _start(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def test_processes_racing_for_one_key(store: ArtifactStore, tmp_path: Path) -> None:
    go = tmp_path / "go"
    writers = [_start(_WRITER, store.url, str(number), str(go)) for number in (1, 2, 3)]
    while not all(Path(f"{go}{number}").exists() for number in (1, 2, 3)):
        time.sleep(0.005)
    go.touch()
    seen = [writer.communicate(timeout=40)[0].strip() for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert len(set(seen)) == 1, "every process sees the same artifact"
    artifact = store.open("things", "k")
    assert np.unique(artifact.array("a")[...]).tolist() == [int(seen[0])]
    assert store.sweep_staging(0) == [], "losers leave nothing"


def test_a_killed_writer(store: ArtifactStore) -> None:
    with _start(_HANGING, store.url) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline().strip() == "written"
        os.kill(writer.pid, signal.SIGKILL)
    assert not store.exists("things", "k")
    assert store.keys("things") == []
    with store.create("things", "k") as again:
        again.put("note.txt", b"whole")
    assert store.open("things", "k").get("note.txt") == b"whole"
    assert store.sweep_staging(3600) == []
    assert len(store.sweep_staging(0)) == 1
    assert store.open("things", "k").get("note.txt") == b"whole"


def test_importing_the_package_is_light() -> None:
    script = (
        "import sys, storage, storage.errors; "
        "print(sorted({'zarr', 'pandas', 'cv2', 'numpy', 'PIL', 'fsspec'} & set(sys.modules)))"
    )
    with _start(script) as process:
        assert process.communicate(timeout=40)[0].strip() == "[]"


def test_the_store_itself_needs_neither_zarr_nor_pandas() -> None:
    script = (
        "import sys, storage.store.artifacts, storage.runs.ledger; "
        "print(sorted({'zarr', 'pandas', 'cv2', 'pyarrow'} & set(sys.modules)))"
    )
    with _start(script) as process:
        assert process.communicate(timeout=40)[0].strip() == "[]"
