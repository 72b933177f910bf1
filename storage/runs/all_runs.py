"""All runs of a store: their list, and the artifacts that they need."""

from urllib.parse import unquote

from storage.runs.ledger import RUNS, RunInfo, RunLedger, run_place
from storage.store.artifacts import ArtifactStore


def list_runs(store: ArtifactStore) -> list[RunInfo]:
    """Runs of a store, oldest first."""
    ids = [unquote(name) for name in store.folder.names(RUNS)]
    ledgers = [RunLedger(store, run_id) for run_id in ids]
    found = [
        ledger.info()
        for ledger in ledgers
        if store.folder.has_file(f"{run_place(ledger.run_id)}/run.json")
    ]
    return sorted(found, key=lambda info: (info.created, info.run_id))


def referred_artifacts(store: ArtifactStore) -> set[tuple[str, str]]:
    """(kind, key) of all artifacts that a record of any run refers to.

    Raises:
        CorruptArtifactError, NewerSchemaError: a record cannot be read, so its artifacts are
            unknown.
    """
    return {
        artifact
        for name in store.folder.names(RUNS)
        for record in RunLedger(store, unquote(name)).records()
        for artifact in record.artifacts()
    }
