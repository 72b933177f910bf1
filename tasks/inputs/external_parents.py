"""Obtains parents that were trained elsewhere: from the store, or from a file."""

import dataclasses
import hashlib
import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.numpy import load

from maskrnn_core.digest import fields_as_before
from maskrnn_core.options import Preset
from storage.kinds.checkpoints import PARENTS, save_checkpoint
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.keys import imported_key


def obtain_parent(store: ArtifactStore, parent: str) -> str:
    """Return the key of a parent checkpoint in the store.

    Args:
        store: the store.
        parent: its key, or the path of a .safetensors file, which is copied into the store.

    Raises:
        ParameterError: it is neither a key of this store nor a file with weights.
    """
    path = Path(parent)
    if path.is_file():
        return _imported(store, path)
    if "/" not in parent and store.exists(PARENTS, parent):
        return parent
    known = ", ".join(key[:12] for key in store.keys(PARENTS)) or "none"
    raise ParameterError(
        f"no parent {parent}: neither a file nor a key in {store.url} (its parents: {known}); "
        "give a weights.safetensors file, or omit the option to train a parent"
    )


def check_parent(store: ArtifactStore, key: str, preset: Preset) -> None:
    """Compare the network of a parent's training with that of a preset, without its weights.

    A parent of unknown origin passes; its weights are compared when they are loaded.

    Raises:
        ParameterError: the options differ; names them and the overrides that make them equal.
    """
    trained = store.open(PARENTS, key).metadata.get("preset", {}).get("network")
    if preset.network is None or trained is None:
        return
    wanted = dataclasses.asdict(preset.network)
    trained = {**fields_as_before(preset.network), **trained}
    # Whether the input mask was warped does not affect the weights.
    if "none" not in (wanted["mask_input"], trained.get("mask_input")):
        del wanted["mask_input"]
    other = [name for name in wanted if name in trained and trained[name] != wanted[name]]
    if other:
        differences = ", ".join(f"{name} {trained[name]} (not {wanted[name]})" for name in other)
        cure = " ".join(f"network.{name}={json.dumps(trained[name])}" for name in other)
        raise ParameterError(
            f"the parent {key[:12]} does not fit the preset {preset.name}: it was trained with "
            f"{differences}; use the preset of its training, or --set {cure}"
        )


def _imported(store: ArtifactStore, path: Path) -> str:
    data = path.read_bytes()
    key = imported_key(hashlib.sha256(data).hexdigest())
    if not store.exists(PARENTS, key):
        try:
            weights = load(data)
            with safe_open(path, framework="np") as file:
                header = file.metadata() or {}
        except (SafetensorError, ValueError) as error:
            raise ParameterError(
                f"{path} is not a complete safetensors file ({error}); export it again"
            ) from None
        origin = json.loads(header.get("maskrnn", "{}"))
        save_checkpoint(store, PARENTS, key, weights, {**origin, "imported_from": path.name})
    return key
