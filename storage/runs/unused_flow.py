"""Removal of flow that no run refers to."""

from dataclasses import dataclass

from storage.kinds.stored_flow import FLOW
from storage.runs.all_runs import referred_artifacts
from storage.store.artifacts import ArtifactStore


@dataclass(frozen=True)
class RemovedFlow:
    """Flow that was or would be removed: its key, its bytes, and whether it was complete."""

    key: str
    size: int
    complete: bool


def remove_flow(store: ArtifactStore, *, dry_run: bool = False) -> list[RemovedFlow]:
    """Remove flow that no ledger refers to, whether complete or unfinished.

    This is safe while runs are active. A run writes the key into its ledger before it looks for the
    flow, and we hide the flow before we read the ledgers again. Flow that is being written stays.

    Args:
        store: store of the flow and the ledgers.
        dry_run: whether to only return what would be removed.

    Raises:
        CorruptArtifactError, NewerSchemaError: a ledger cannot be read; nothing is removed.
    """
    wanted = _wanted(store)
    found = [
        *(RemovedFlow(key, _size(store, f"{FLOW}/{key}"), True) for key in store.keys(FLOW)),
        *(
            RemovedFlow(key, sum(_size(store, path) for path in paths), False)
            for key, paths in store.unfinished(FLOW).items()
        ),
    ]
    unwanted = [item for item in found if item.key not in wanted]
    if dry_run:
        return [item for item in unwanted if not store.is_leased(FLOW, item.key)]
    return [item for item in unwanted if _remove(store, item)]


def _remove(store: ArtifactStore, item: RemovedFlow) -> bool:
    if store.is_leased(FLOW, item.key):
        return False
    lease = store.lease(FLOW, item.key)
    if lease is None:
        return False
    with lease:
        return store.remove_unless(FLOW, item.key, lambda: item.key in _wanted(store))


def _wanted(store: ArtifactStore) -> set[str]:
    return {key for kind, key in referred_artifacts(store) if kind == FLOW}


def _size(store: ArtifactStore, path: str) -> int:
    return sum(store.folder.files(path).values())
