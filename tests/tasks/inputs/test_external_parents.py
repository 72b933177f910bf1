"""Parents from elsewhere, and weights that training starts from."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from maskrnn_core.digest import later
from maskrnn_core.errors import IncompatibleWeightsError
from maskrnn_core.options import NetworkOptions
from maskrnn_core.presets import preset
from storage.kinds.checkpoints import PARENTS, load_checkpoint, save_checkpoint
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.inputs.external_parents import check_parent, obtain_parent
from tasks.inputs.starting_weights import IMAGENET, check_start, starting_digest, starting_weights


def test_a_file_is_brought_into_the_store_once(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path / "store"))
    file = tmp_path / "weights.safetensors"
    save_file({"a": np.arange(3, dtype=np.float32)}, file, {"maskrnn": '{"seconds": 1.0}'})
    key = obtain_parent(store, str(file))
    assert key == obtain_parent(store, str(file)) == obtain_parent(store, key)
    weights, metadata = load_checkpoint(store, PARENTS, key)
    assert weights["a"].tolist() == [0, 1, 2]
    assert metadata["imported_from"] == "weights.safetensors"


def test_a_parent_of_another_network_is_refused_with_the_cure(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path))
    small = preset("small")
    known = {"preset": dataclasses.asdict(small)}
    save_checkpoint(store, PARENTS, "k", {"a": np.zeros(1, np.float32)}, known)
    check_parent(store, "k", small)
    check_parent(store, "k", preset("propagate"))
    with pytest.raises(ParameterError, match=r"flow_stream True.*network\.flow_stream=true"):
        check_parent(store, "k", preset("masktrack"))
    save_checkpoint(store, PARENTS, "old", {"a": np.zeros(1, np.float32)}, {})
    check_parent(store, "old", small)


def test_a_parent_from_before_an_option_was_trained_as_before_it(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path))
    small = preset("small")
    known = {"preset": dataclasses.asdict(small)}
    save_checkpoint(store, PARENTS, "k", {"a": np.zeros(1, np.float32)}, known)
    options: Any = dataclasses.make_dataclass(
        "NetworkOptions", [("dilation", int, later(1))], bases=(NetworkOptions,), frozen=True
    )
    same = dataclasses.asdict(small)["network"]
    check_parent(store, "k", dataclasses.replace(small, network=options(**same)))
    with pytest.raises(ParameterError, match=r"dilation 1 \(not 2\).*network\.dilation=1"):
        check_parent(store, "k", dataclasses.replace(small, network=options(**same, dilation=2)))


def test_neither_file_nor_key(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="neither a file nor a key"):
        obtain_parent(ArtifactStore(str(tmp_path)), "nope")


def test_a_torn_file_stores_nothing(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path / "store"))
    file = tmp_path / "weights.safetensors"
    save_file({"a": np.zeros(100, np.float32)}, file)
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(ParameterError, match="not a complete safetensors file"):
        obtain_parent(store, str(file))
    assert store.keys(PARENTS) == []


def test_digest_of_the_start_follows_the_bytes(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path / "store"))
    file = tmp_path / "vgg.pth"
    file.write_bytes(b"one")
    before = starting_digest(str(file), store)
    file.write_bytes(b"two")
    assert starting_digest(str(file), store) != before
    assert "IMAGENET1K_V1" in starting_digest(IMAGENET, store)
    with pytest.raises(ParameterError, match="cannot read the initial weights"):
        starting_digest(str(tmp_path / "none.pth"), store)


def test_weights_that_are_no_vgg16(tmp_path: Path) -> None:
    import torch

    store = ArtifactStore(str(tmp_path / "store"))
    file = tmp_path / "other.pth"
    torch.save({"layer.weight": torch.zeros(1)}, file)
    with pytest.raises(IncompatibleWeightsError, match="vgg16"):
        starting_weights(str(file), preset("small"), store)
    file.write_bytes(b"nothing of the kind")
    with pytest.raises(ParameterError, match="no readable weights"):
        starting_weights(str(file), preset("small"), store)


def test_training_starts_from_a_parent_of_the_same_network(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path / "store"))
    small = preset("small")
    known = {"preset": dataclasses.asdict(small)}
    save_checkpoint(store, PARENTS, "k", {"a": np.ones(2, np.float32)}, known)
    check_start("k", store, [small])
    assert starting_weights("k", small, store)["a"].tolist() == [1.0, 1.0]
    assert starting_digest("k", store) == "parent:k"
    for start in (check_start, lambda k, s, presets: starting_weights(k, presets[0], s)):
        with pytest.raises(ParameterError, match="does not fit the preset masktrack"):
            start("k", store, [preset("masktrack")])


def test_a_file_to_start_from_is_a_parent_unless_it_is_vgg16(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path / "store"))
    parent, vgg = tmp_path / "parent.safetensors", tmp_path / "vgg.safetensors"
    save_file({"a": np.ones(2, np.float32)}, parent)
    save_file({"features.0.weight": np.ones(2, np.float32)}, vgg)
    (key,) = {starting_digest(str(parent), store), f"parent:{obtain_parent(store, str(parent))}"}
    assert starting_weights(str(parent), preset("small"), store)["a"].tolist() == [1.0, 1.0]
    assert not starting_digest(str(vgg), store).startswith("parent:")
    assert store.keys(PARENTS) == [key.removeprefix("parent:")]
