"""Changed or lost bytes in a store: an error names the artifact, or the result is right."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.errors import CorruptArtifactError, StorageError
from storage.store.artifacts import ArtifactStore
from tests.storage.store.artifact_cases import (
    CASES,
)
from tests.storage.store.damage import emptied, flipped, halved


@pytest.mark.parametrize("damage", [flipped, halved, emptied])
@pytest.mark.parametrize("kind", list(CASES))
def test_no_damage_passes_for_a_result(
    kind: str, damage: Callable[[bytes, random.Random], bytes], store: ArtifactStore
) -> None:
    make, read = CASES[kind]
    key = make(store)
    whole = read(store, key)
    chance = random.Random(0)
    files = sorted(p for p in Path(store.location(kind, key)).rglob("*") if p.is_file())
    told: list[str] = []
    for file in files:
        data = file.read_bytes()
        for _ in range(12 if damage is flipped else 1):
            file.write_bytes(damage(data, chance))
            try:
                same = read(store, key) == whole
            except StorageError as error:
                told.append(str(error))
            else:
                assert same, f"{file} was changed and nothing told so"
        file.write_bytes(data)
    assert len(told) >= len(files)
    assert all(store.location(kind, key) in text for text in told)
    assert read(store, key) == whole


@pytest.mark.parametrize("kind", list(CASES))
def test_a_file_that_vanished(kind: str, store: ArtifactStore) -> None:
    make, read = CASES[kind]
    key = make(store)
    place = Path(store.location(kind, key))
    for file in sorted(p for p in place.rglob("*") if p.is_file() and p.name != "complete.json"):
        data = file.read_bytes()
        file.unlink()
        with pytest.raises(CorruptArtifactError, match="recomputed"):
            read(store, key)
        file.write_bytes(data)
