"""Which runs refer to artifacts, and removal of artifacts."""

from collections.abc import Iterable, Set
from dataclasses import dataclass

from storage.runs.all_runs import list_runs
from storage.runs.drivers import drivers
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore


@dataclass(frozen=True)
class ArtifactUser:
    """A run that refers to some artifacts: to how many, and whether the run is active."""

    run_id: str
    count: int
    is_driven: bool


def users_of(
    store: ArtifactStore, artifacts: Set[tuple[str, str]], *, but: str
) -> list[ArtifactUser]:
    """Runs, except one, whose records refer to any of the artifacts (kind, key).

    Raises:
        CorruptArtifactError, NewerSchemaError: a record cannot be read.
    """
    users = []
    for info in list_runs(store) if artifacts else ():
        if info.run_id == but:
            continue
        records = RunLedger(store, info.run_id).records()
        used = {pair for record in records for pair in record.artifacts()} & artifacts
        if used:
            is_driven = any(driver.is_alive for driver in drivers(store, info.run_id))
            users.append(ArtifactUser(info.run_id, len(used), is_driven))
    return users


def remove_artifacts(store: ArtifactStore, artifacts: Iterable[tuple[str, str]]) -> None:
    """Remove artifacts, each under its lease; waits for artifacts that are being written."""
    for kind, key in artifacts:
        lease = store.lease(kind, key)
        if lease is not None:
            with lease:
                store.remove_unless(kind, key, lambda: False)
