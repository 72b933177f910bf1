"""The order in which files reach the disk, so that a power loss leaves all of a file or nothing."""

import os
from pathlib import Path

import numpy as np
import pytest

from storage.files.local_files import replacing
from storage.runs.ledger import RunLedger, VideoRecord
from storage.store.artifacts import ArtifactStore


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths that were brought to the disk, and renamed, in order."""
    told: list[str] = []
    fsync, rename, replace = os.fsync, Path.rename, os.replace

    def note_sync(descriptor: int) -> None:
        told.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    def note_rename(path: Path, target: Path) -> Path:
        told.append(f"{path} -> {target}")
        return rename(path, target)

    def note_replace(path: str, target: str) -> None:
        told.append(f"{path} -> {target}")
        replace(path, target)

    monkeypatch.setattr("os.fsync", note_sync)
    monkeypatch.setattr("os.replace", note_replace)
    monkeypatch.setattr(Path, "rename", note_rename)
    return told


def _first(told: list[str], text: str) -> int:
    return next(index for index, line in enumerate(told) if text in line)


def test_content_then_folder_then_marker_then_name(store: ArtifactStore, synced: list[str]) -> None:
    with store.create("things", "k") as writer:
        writer.put("note.txt", b"x")
        writer.group().create_array("a", data=np.arange(4), chunks=(2,))
    marker = _first(synced, "/complete.json.")
    for name in ("note.txt", "arrays.zarr/zarr.json", "arrays.zarr/a/c/0", "arrays.zarr/a/c/1"):
        [place] = [i for i, line in enumerate(synced) if line.endswith(name) and "->" not in line]
        assert place < marker
    published = _first(synced, f"-> {store.url}/things/k")
    named = next(i for i, line in enumerate(synced) if line.endswith("/complete.json"))
    assert marker < named < published
    assert synced[published + 1] == f"{store.url}/things", "the name last"


def test_a_ledger_record_survives(store: ArtifactStore, synced: list[str]) -> None:
    RunLedger(store, "run").write(VideoRecord("v"))
    renamed = _first(synced, "/runs/run/videos/v.json")
    assert "/v.json." in synced[renamed - 1], "its content comes first"
    assert synced[-1] == f"{store.url}/runs/run/videos"


def test_what_fails_leaves_the_former_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail() -> None:
        with replacing(str(path), f"{path}.new") as file:
            file.write(b"half")
            raise RuntimeError("broke")

    with pytest.raises(RuntimeError, match="broke"):
        fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
