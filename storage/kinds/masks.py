"""Label maps that were given for single frames of a video, after it was stored."""

import json
from hashlib import sha256

import numpy as np

from storage.datasets.masks.label_maps import object_ids
from storage.datasets.source import UInt8Array
from storage.kinds.tensors import get_tensors, put_tensors
from storage.store.artifacts import ArtifactStore

MASKS = "masks"

_FILE, _LABELS = "mask.safetensors", "labels"


def save_mask(store: ArtifactStore, label_map: UInt8Array) -> str:
    """Store a label map, uint8 (H, W), unless it is there already; return its key.

    Raises:
        StoreFullError: no space is left.
    """
    text = json.dumps({"version": 1, "shape": label_map.shape})
    key = sha256(text.encode() + np.ascontiguousarray(label_map).tobytes()).hexdigest()
    if not store.exists(MASKS, key):
        with store.create(MASKS, key) as writer:
            writer.metadata = {"objects": [int(label) for label in object_ids(label_map)]}
            put_tensors(writer, _FILE, {_LABELS: label_map})
    return key


def load_mask(store: ArtifactStore, key: str) -> UInt8Array:
    """A label map as it was given, uint8 (H, W).

    Raises:
        MissingArtifactError, CorruptArtifactError, NewerSchemaError: see `ArtifactStore.open`.
    """
    labels = get_tensors(store.open(MASKS, key), _FILE)[_LABELS]
    return np.asarray(labels, np.uint8)


def mask_objects(store: ArtifactStore, key: str) -> tuple[int, ...]:
    """Ids of the objects in a label map, ascending; errors as for `load_mask`."""
    return tuple(store.open(MASKS, key).metadata["objects"])
