"""Parents that were trained elsewhere: found in the store, or brought into it from a file."""

import hashlib
import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.numpy import load

from storage.artifacts import ArtifactStore
from storage.checkpoints import PARENTS, save_checkpoint
from tasks.errors import ParameterError
from tasks.keys import imported_key


def obtain_parent(store: ArtifactStore, parent: str) -> str:
    """Key of a parent checkpoint in the store.

    Args:
        store: the store.
        parent: its key, or the path of a .safetensors file, which is copied into the store.

    Raises:
        ParameterError: neither a key of this store nor a file with weights.
    """
    path = Path(parent)
    if path.is_file():
        return _imported(store, path)
    if "/" not in parent and store.exists(PARENTS, parent):
        return parent
    known = ", ".join(key[:12] for key in store.keys(PARENTS)) or "none"
    raise ParameterError(
        f"no parent {parent}: neither a file nor a key in {store.url} (its parents: {known}); "
        "give a weights.safetensors, or leave it out to train one"
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
