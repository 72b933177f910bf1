"""Saved states of a training: the last complete one is read, or none."""

from pathlib import Path

import numpy as np
import pytest

from storage.errors import CorruptArtifactError
from storage.kinds.training_states import (
    TRAINING,
    load_training_state,
    remove_training_states,
    save_training_state,
)
from storage.store.artifacts import ArtifactStore


def _save(store: ArtifactStore, position: int, key: str = "k") -> None:
    arrays = {"a": np.full((2, 3), position, np.float32), "step": np.array(position, np.float32)}
    save_training_state(store, key, position, arrays, {"stage": "static"})


def test_the_last_one_comes_back_and_the_former_ones_go(any_store: ArtifactStore) -> None:
    assert load_training_state(any_store, "k") is None
    for position in (9, 10, 11):
        _save(any_store, position)
    _save(any_store, 99, key="k2")
    _save(any_store, 98, key="k.2")
    assert any_store.keys(TRAINING) == ["k.11", "k.2.98", "k2.99"]
    found = load_training_state(any_store, "k")
    assert found is not None
    arrays, notes = found
    np.testing.assert_array_equal(arrays["a"], np.full((2, 3), 11, np.float32))
    np.testing.assert_array_equal(arrays["step"], np.array(11, np.float32), strict=True)
    assert notes == {"stage": "static"}
    remove_training_states(any_store, "k")
    assert any_store.keys(TRAINING) == ["k.2.98", "k2.99"]


def test_a_state_whose_removal_was_cut_off_is_not_read(store: ArtifactStore) -> None:
    _save(store, 5)
    older = Path(store.location(TRAINING, "k.5"))
    kept = older.with_name("kept")
    older.rename(kept)
    _save(store, 6)
    kept.rename(older)
    found = load_training_state(store, "k")
    assert found is not None
    assert found[0]["step"] == 6


@pytest.mark.parametrize("damage", ["truncated", "tampered", "gone"])
def test_damage(store: ArtifactStore, damage: str) -> None:
    _save(store, 5)
    path = Path(store.location(TRAINING, "k.5")) / "state.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(data[: len(data) - 5 * (damage == "truncated")])
    with pytest.raises(CorruptArtifactError, match=r"state\.safetensors"):
        load_training_state(store, "k")
