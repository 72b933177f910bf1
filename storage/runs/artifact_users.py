"""Who else refers to artifacts, and their removal."""

from collections.abc import Iterable, Set
from dataclasses import dataclass

from storage.runs.drivers import drivers
from storage.runs.ledger import RunLedger, list_runs
from storage.store.artifacts import ArtifactStore


@dataclass(frozen=True)
class ArtifactUser:
    """A run that refers to some of them: how many, and whether it is under way."""

    run_id: str
    count: int
    is_driven: bool


def users_of(
    store: ArtifactStore, artifacts: Set[tuple[str, str]], *, but: str
) -> list[ArtifactUser]:
    """Runs whose records refer to any of the artifacts, (kind, key), but for one run.

    Raises:
        CorruptArtifactError, NewerSchemaError: a record that cannot be read.
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
    """Remove artifacts, each under its lease; one that somebody is writing is waited for."""
    for kind, key in artifacts:
        lease = store.lease(kind, key)
        if lease is not None:
            with lease:
                store.remove_unless(kind, key, lambda: False)
