"""Checkpoints are read back exactly, or not at all."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors import safe_open

from storage.errors import CorruptArtifactError, MissingArtifactError
from storage.kinds.checkpoints import (
    FINETUNED,
    PARENTS,
    load_checkpoint,
    load_curve,
    save_checkpoint,
)
from storage.store.artifacts import ArtifactStore

WEIGHTS: dict[str, NDArray[Any]] = {
    "conv.weight": np.random.default_rng(0).normal(size=(4, 3, 2, 2)).astype(np.float32),
    "conv.bias": np.zeros(4, np.float16),
    "steps": np.array(7, np.int64),
    "transposed": np.arange(6, dtype=np.float32).reshape(2, 3).T,
}


def test_round_trip(any_store: ArtifactStore) -> None:
    curve = [{"stage": "mask", "step": 0, "loss": 0.5}]
    save_checkpoint(any_store, PARENTS, "k", WEIGHTS, {"preset": "small"}, curve)
    weights, metadata = load_checkpoint(any_store, PARENTS, "k")
    assert metadata == {"preset": "small"}
    assert weights.keys() == WEIGHTS.keys()
    for name, expected in WEIGHTS.items():
        np.testing.assert_array_equal(weights[name], expected, strict=True)
    assert load_curve(any_store, PARENTS, "k") == curve


def test_loaded_weights_are_writable(store: ArtifactStore) -> None:
    save_checkpoint(store, PARENTS, "k", WEIGHTS, {})
    load_checkpoint(store, PARENTS, "k")[0]["conv.bias"][0] = 1


def test_the_file_tells_its_origin_by_itself(store: ArtifactStore) -> None:
    save_checkpoint(store, FINETUNED, "k", WEIGHTS, {"object": 3})
    path = Path(store.location(FINETUNED, "k")) / "weights.safetensors"
    with safe_open(path, "np") as file:
        assert file.metadata() == {"maskrnn": '{"object": 3}'}


def test_the_first_one_stays(store: ArtifactStore) -> None:
    save_checkpoint(store, PARENTS, "k", WEIGHTS, {"run": 1})
    save_checkpoint(store, PARENTS, "k", {}, {"run": 2})
    assert load_checkpoint(store, PARENTS, "k")[1] == {"run": 1}


@pytest.mark.parametrize("damage", ["truncated", "tampered", "empty", "gone"])
def test_damage(store: ArtifactStore, damage: str) -> None:
    save_checkpoint(store, PARENTS, "k", WEIGHTS, {})
    path = Path(store.location(PARENTS, "k")) / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    if damage == "gone":
        path.unlink()
    else:
        length = {"truncated": len(data) - 9, "tampered": len(data), "empty": 0}[damage]
        path.write_bytes(data[:length])
    with pytest.raises(CorruptArtifactError, match=r"weights\.safetensors.*recomputed"):
        load_checkpoint(store, PARENTS, "k")


def test_a_file_that_is_not_safetensors(store: ArtifactStore) -> None:
    with store.create(PARENTS, "k") as writer:
        writer.put("weights.safetensors", b"weights")
    with pytest.raises(CorruptArtifactError, match="not a safetensors file"):
        load_checkpoint(store, PARENTS, "k")


def test_missing(store: ArtifactStore) -> None:
    with pytest.raises(MissingArtifactError, match="parents k"):
        load_checkpoint(store, PARENTS, "k")


def test_nan_in_the_curve_is_refused(store: ArtifactStore) -> None:
    with pytest.raises(ValueError, match="JSON"):
        save_checkpoint(store, PARENTS, "k", WEIGHTS, {}, [{"loss": float("nan")}])
    assert not store.exists(PARENTS, "k")
