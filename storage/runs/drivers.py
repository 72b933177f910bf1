"""Drivers: the processes that control a run, and whether they are alive.

A driver rewrites one small file every few seconds while it works. It watches its workers, so its
file also covers them. A killed driver leaves a file that is no longer rewritten.
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
    """A process that controls a run, or did so until it was killed.

    Args:
        token: name of the driver in the records that it writes.
        host: name of its machine.
        pid: process id on that machine.
        silent: seconds since the last sign of life, by the store's clock.
        is_alive: whether the last sign of life is recent and the process exists.
    """

    token: str
    host: str
    pid: int
    silent: float
    is_alive: bool


@contextmanager
def drive(store: ArtifactStore, ledger: RunLedger, seconds: float = LEASE_SECONDS) -> Iterator[str]:
    """Give signs of life for a run until the block ends; yields the token for its records.

    Args:
        store: store of the ledger.
        ledger: ledger of the run.
        seconds: seconds without a sign of life after which the driver counts as dead.
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
    """All drivers of a run: those that work on it, and those that were killed."""
    found = []
    for name in store.folder.names(f"{run_place(run_id)}/drivers"):
        token = name.removesuffix(".json")
        owner = read_owner(store.folder, _file(run_id, token))
        if owner is not None:
            found.append(Driver(token, owner.host, owner.pid, owner.silent, owner.is_alive))
    return found


def _file(run_id: str, token: str) -> str:
    return f"{run_place(run_id)}/drivers/{token}.json"
