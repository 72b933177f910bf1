"""Checkpoints: network weights as safetensors, with their provenance and training curve."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from storage.kinds.tensors import get_tensors, put_tensors
from storage.store.artifacts import ArtifactStore

PARENTS = "parents"
FINETUNED = "finetuned"

_WEIGHTS = "weights.safetensors"
_CURVE = "curve.json"


def save_checkpoint(
    store: ArtifactStore,
    kind: str,
    key: str,
    weights: Mapping[str, NDArray[Any]],
    metadata: Mapping[str, Any],
    curve: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Store weights; does nothing if the checkpoint exists already.

    Args:
        store: the store to write to.
        kind: "parents" (offline training) or "finetuned" (one object of one video).
        key: digest of everything that determined the weights.
        weights: arrays by name, of any shape and dtype that safetensors knows.
        metadata: JSON object; kept in the completion marker and inside the weight file.
        curve: points of the training curve, JSON objects, in order.

    Raises:
        StoreFullError: no space is left.
    """
    if store.exists(kind, key):
        return
    # The header of the file can hold only strings.
    header = {"maskrnn": json.dumps(dict(metadata), sort_keys=True, allow_nan=False)}
    with store.create(kind, key) as writer:
        writer.metadata = dict(metadata)
        put_tensors(writer, _WEIGHTS, weights, header)
        writer.put_json(_CURVE, [dict(point) for point in curve])


def load_checkpoint(
    store: ArtifactStore, kind: str, key: str
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Load weights by name, and the metadata that were saved with them.

    Raises:
        MissingArtifactError: there is no such checkpoint.
        CorruptArtifactError: the file is truncated or has changed.
        NewerSchemaError: a newer version wrote it.
    """
    artifact = store.open(kind, key)
    return get_tensors(artifact, _WEIGHTS), dict(artifact.metadata)


def load_curve(store: ArtifactStore, kind: str, key: str) -> list[dict[str, Any]]:
    """Training curve of a checkpoint; errors as for `load_checkpoint`."""
    points: list[dict[str, Any]] = store.open(kind, key).get_json(_CURVE)
    return points
