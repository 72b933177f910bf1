"""A small run whose store may be on an object store, and the artifacts that it makes."""

from typing import Any

from storage.kinds.checkpoints import FINETUNED, PARENTS, load_checkpoint
from storage.kinds.predictions import PREDICTIONS, StoredPrediction
from storage.store.artifacts import ArtifactStore
from tests.flows.tiny import OVERRIDES

VIDEOS = {"synthetic.videos_train": "1", "synthetic.videos_val": "2"}


def fields(store: str, address: str, until: str = "report") -> dict[str, Any]:
    return {
        "store": store,
        "preset": "small",
        "overrides": {**OVERRIDES, **VIDEOS, "compute.threads": "1"},
        "run_id": "run",
        "compare": ("propagate",),
        "checkpoint_frames": 2,
        "dask_address": address,
        "until": until,
    }


def artifacts(store: ArtifactStore) -> dict[tuple[str, str], list[bytes]]:
    """Weights and predictions by kind and key."""
    found: dict[tuple[str, str], list[bytes]] = {}
    for kind in (PARENTS, FINETUNED):
        for key in store.keys(kind):
            weights, _ = load_checkpoint(store, kind, key)
            found[kind, key] = [weights[name].tobytes() for name in sorted(weights)]
    for key in store.keys(PREDICTIONS):
        made = StoredPrediction(store, key)
        maps = [made.label_map(index) for index in range(made.frame_count)]
        found[PREDICTIONS, key] = [labels.tobytes() for labels in maps]
        found[PREDICTIONS, key] += [a.tobytes() for a in (made.states, made.boxes, made.confidence)]
    return found
