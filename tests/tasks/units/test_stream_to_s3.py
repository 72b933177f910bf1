"""A clip is segmented into an object store; its process is killed, and another one resumes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from storage.kinds.checkpoints import PARENTS, load_checkpoint, save_checkpoint
from storage.kinds.predictions import PREDICTIONS, StoredPrediction
from storage.runs.verification import verify_store
from storage.store.artifacts import ArtifactStore
from tests.tasks.streaming.clips import scenes, write_clip
from tests.tasks.units.streams import CHOSEN, KILLED_STREAM, ROOT, store_with_parent, stream


def content(store: ArtifactStore, key: str) -> list[bytes]:
    """Contents of a prediction for every frame."""
    found = StoredPrediction(store, key)
    maps = [found.label_map(index).tobytes() for index in range(found.frame_count)]
    return [*maps, *(a.tobytes() for a in (found.states, found.boxes, found.confidence))]


@pytest.mark.timeout(240)
def test_killed_and_taken_up_the_result_is_that_on_a_disk(bucket: str, tmp_path: Path) -> None:
    local = store_with_parent(tmp_path / "store")
    clip = write_clip(tmp_path, scenes(2, 8), [0, 11])
    stream(local, clip, **CHOSEN)
    remote = ArtifactStore(f"{bucket}/store")
    save_checkpoint(remote, PARENTS, "p", *load_checkpoint(local, PARENTS, "p"))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_STREAM, remote.url, clip.video, clip.masks, "9"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert not remote.exists(PREDICTIONS, "k")
    assert list(remote.unfinished(PREDICTIONS)) == ["k"]
    figures = stream(remote, clip, **CHOSEN)
    assert figures.resumed == 8
    assert content(remote, "k") == content(local, "k")
    assert remote.unfinished(PREDICTIONS) == {}
    assert [checked.faults for checked in verify_store(remote)] == [(), ()]
