"""Verification of a store finds everything that is damaged, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from storage.datasets.source import SourceVideo
from storage.kinds.checkpoints import PARENTS, save_checkpoint
from storage.kinds.predictions import PREDICTIONS, write_prediction
from storage.kinds.videos import VIDEOS, write_video
from storage.runs.verification import verify_store
from storage.store.artifacts import ArtifactStore


@pytest.fixture
def filled(store: ArtifactStore, make_source: Callable[..., SourceVideo]) -> ArtifactStore:
    """Two videos, one with annotations of another size, and a checkpoint."""
    write_video(store, make_source(), None)
    write_video(store, make_source((40, 60), seed=1), 20)
    save_checkpoint(store, PARENTS, "p1", {"weight": np.ones((2, 3), np.float32)}, {})
    return store


def faults(store: ArtifactStore) -> list[tuple[str, str]]:
    return [(checked.kind, fault) for checked in verify_store(store) for fault in checked.faults]


def chunks(store: ArtifactStore, array: str) -> list[Path]:
    return sorted(
        path
        for path in Path(store.url).rglob("*")
        if path.is_file() and f"/{array}/c/" in path.as_posix()
    )


def damage(path: Path, harm: str) -> None:
    """Remove a file, change one of its bits, or truncate it."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(data if harm == "changed" else data[:5])


def test_a_sound_store(filled: ArtifactStore) -> None:
    assert sorted(checked.kind for checked in verify_store(filled)) == [PARENTS, VIDEOS, VIDEOS]
    assert faults(filled) == []


@pytest.mark.parametrize("array", ["frames", "labels", "annotations"])
@pytest.mark.parametrize("harm", ["gone", "changed", "cut"])
def test_a_damaged_chunk(filled: ArtifactStore, array: str, harm: str) -> None:
    path = chunks(filled, array)[1]
    damage(path, harm)
    ((kind, fault),) = faults(filled)
    assert (kind, fault) == (VIDEOS, f"chunk 1 of {array} is missing or fails its checksum")


@pytest.mark.parametrize("array", ["labels", "state", "box", "shot", "time"])
@pytest.mark.parametrize("harm", ["gone", "changed", "cut"])
def test_a_damaged_shard_of_a_prediction(store: ArtifactStore, array: str, harm: str) -> None:
    with write_prediction(
        store,
        "k",
        video="bee",
        size=(6, 9),
        objects=(1,),
        frame_names=[f"{index:05d}" for index in range(60)],
        frame_times=[index / 25 for index in range(60)],
        metadata={},
    ) as writer:
        for index in range(60):
            writer.add(index, np.full((6, 9), index % 2, np.uint8), [0], [[0, 0, 9, 6]], [1])
    assert faults(store) == []
    path = chunks(store, array)[-1]
    damage(path, harm)
    ((kind, fault),) = faults(store)
    place = path.relative_to(Path(store.location(PREDICTIONS, "k"))).as_posix()
    assert (kind, fault) == (PREDICTIONS, f"{place} is missing or differs from what was written")


@pytest.mark.parametrize("name", ["zarr.json", "complete.json"])
def test_damaged_metadata(filled: ArtifactStore, name: str) -> None:
    path = min(Path(filled.url, VIDEOS).rglob(name), key=lambda path: len(path.parts))
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
    ((kind, fault),) = faults(filled)
    assert kind == VIDEOS
    assert name in fault


def test_a_damaged_file(filled: ArtifactStore) -> None:
    (path,) = Path(filled.url, PARENTS).rglob("*.safetensors")
    path.write_bytes(path.read_bytes()[:-1])
    ((kind, fault),) = faults(filled)
    assert (kind, fault.split()[0]) == (PARENTS, path.name)
