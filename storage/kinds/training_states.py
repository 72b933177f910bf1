"""Saved states of running trainings: one per training, removed when the training is done.

Each state is a separate artifact, so that a truncated or changed state is never used.
"""

import json
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from storage.errors import MissingArtifactError
from storage.kinds.tensors import get_tensors, put_tensors
from storage.store.artifacts import ArtifactStore

TRAINING = "training"

_ARRAYS = "state.safetensors"
_NOTES = "notes.json"


def save_training_state(
    store: ArtifactStore,
    key: str,
    position: int,
    arrays: Mapping[str, NDArray[Any]],
    notes: Mapping[str, Any],
) -> None:
    """Store a state, and remove the former states of the training.

    Args:
        store: the store to write to.
        key: key of the checkpoint that the training will make.
        position: steps so far; the state with the largest number is read.
        arrays: arrays by name, of any shape and dtype that safetensors knows.
        notes: JSON object.

    Raises:
        StoreFullError: no space is left; the former state stays.
    """
    former = _positions(store, key)
    with store.create(TRAINING, _name(key, position)) as writer:
        writer.metadata = {"key": key, "position": position}
        put_tensors(writer, _ARRAYS, arrays)
        writer.put(_NOTES, json.dumps(dict(notes), allow_nan=False).encode())
    for other in former:
        if other != position:
            store.remove(TRAINING, _name(key, other))


def load_training_state(
    store: ArtifactStore, key: str
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
    """Load arrays and notes of a training's last state; None if there is none.

    Raises:
        CorruptArtifactError: the state is truncated or has changed.
        NewerSchemaError: a newer version wrote it.
    """
    for position in reversed(_positions(store, key)):
        try:
            artifact = store.open(TRAINING, _name(key, position))
            return get_tensors(artifact, _ARRAYS), dict(artifact.get_json(_NOTES))
        except MissingArtifactError:  # another process has just saved a later state
            continue
    return None


def remove_training_states(store: ArtifactStore, key: str) -> None:
    """Remove all states of a training; it is no error if there are none."""
    for position in _positions(store, key):
        store.remove(TRAINING, _name(key, position))


def _positions(store: ArtifactStore, key: str) -> list[int]:
    prefix = f"{key}."
    names = (k.removeprefix(prefix) for k in store.keys(TRAINING) if k.startswith(prefix))
    return sorted(int(name) for name in names if name.isdigit())


def _name(key: str, position: int) -> str:
    return f"{key}.{position}"
