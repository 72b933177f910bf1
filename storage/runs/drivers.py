"""Drivers: the processes that carry out a run, and whether they live.

A driver rewrites one small file every few seconds for as long as it is at work. It watches its
workers, so what they do follows from it; a driver that was killed leaves a file that ages.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from storage.runs.ledger import RunLedger, run_place
from storage.store.artifacts import ArtifactStore
from storage.store.lease import Lease
from storage.store.lease_file import LEASE_SECONDS, read_owner


@dataclass(frozen=True)
class Driver:
    """A process that carries out a run, or did until it was killed.

    Args:
        token: its name in the records that it writes.
        host: its machine.
        pid: its process there.
        silent: seconds since its last sign of life, by the store's clock.
        is_alive: whether that is recent and the process is there.
    """

    token: str
    host: str
    pid: int
    silent: float
    is_alive: bool


@contextmanager
def drive(store: ArtifactStore, ledger: RunLedger, seconds: float = LEASE_SECONDS) -> Iterator[str]:
    """Give signs of life of a run until the block ends; the token goes into its records.

    Args:
        store: of the ledger.
        ledger: of the run.
        seconds: without a sign of life after which the driver counts as dead.
    """
    for former in drivers(store, ledger.run_id):
        if not former.is_alive:
            store.folder.remove_file(_file(ledger.run_id, former.token))
    token = uuid.uuid4().hex[:12]
    lease = Lease(store.folder, _file(ledger.run_id, token), seconds)
    lease.begin()
    with lease:
        yield token


def drivers(store: ArtifactStore, run_id: str) -> list[Driver]:
    """All that work on a run, and those that were killed at it."""
    found = []
    for name in store.folder.names(f"{run_place(run_id)}/drivers"):
        token = name.removesuffix(".json")
        owner = read_owner(store.folder, _file(run_id, token))
        if owner is not None:
            found.append(Driver(token, owner.host, owner.pid, owner.silent, owner.is_alive))
    return found


def _file(run_id: str, token: str) -> str:
    return f"{run_place(run_id)}/drivers/{token}.json"
