"""Makes an artifact once, even if several processes with this store want it at the same time."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from storage.errors import LeaseLostError
from storage.store.artifacts import ArtifactStore
from storage.store.lease_file import LEASE_SECONDS
from tasks.errors import TaskError

logger = logging.getLogger("maskrnn.run")

_TAKE_OVER_SECONDS = 1.5 * LEASE_SECONDS
"""How long a worker waits: long enough to see that the owner of a lease is dead."""

_PATIENCE_SECONDS = 24 * 3600.0
"""How long a run waits while another one makes an artifact."""


@dataclass(frozen=True)
class Making:
    """What a worker did about an artifact.

    Args:
        state: "made" it, "found" it in the store, or it is "held" by another writer.
        value: what the unit returned.
    """

    state: Literal["made", "found", "held"]
    value: Any = None


def make_once(
    unit: Callable[..., Any], store_url: str, kind: str, key: str, args: tuple[Any, ...]
) -> Making:
    """Call `unit(store_url, key, *args)` under the artifact's lease, unless the artifact exists.

    Called on a worker. It takes over from a writer that died, but does not wait for a living one,
    because that may take hours and would block the worker. Nor does it wait for a writer that took
    over from this worker while this worker was stopped for long.
    """
    store = ArtifactStore(store_url)
    deadline = time.monotonic() + _TAKE_OVER_SECONDS
    beats: set[tuple[int, int]] = set()

    def is_vain() -> bool:
        owner = store.lease_owner(kind, key)
        if owner is not None:
            beats.add((owner.pid, owner.beats))
        return store.exists(kind, key) or len(beats) > 1 or time.monotonic() > deadline

    lease = store.lease(kind, key, until=is_vain)
    if lease is None:
        return Making("found" if store.exists(kind, key) else "held")
    with lease:
        if store.exists(kind, key):
            return Making("found")
        try:
            return Making("made", unit(store_url, key, *args))
        except LeaseLostError as error:
            logger.warning("%s %s: %s", kind, key, error)
            return Making("held")


def await_other_run(
    store: ArtifactStore, kind: str, key: str, ended: Callable[[], bool], name: str
) -> None:
    """Wait, without occupying a worker, while another run makes an artifact.

    Args:
        store: the store.
        kind: of the artifact.
        key: of the artifact.
        ended: called between two checks; true ends the wait.
        name: name of the unit, for the log.

    Raises:
        TaskError: the other run has held the lease for a day.
    """
    owner = store.lease_owner(kind, key)
    if owner is None or owner.ended:
        return
    logger.info("%s: waiting for process %d on %s, which makes it", name, owner.pid, owner.host)
    deadline = time.monotonic() + _PATIENCE_SECONDS

    def is_vain() -> bool:
        return ended() or store.exists(kind, key) or time.monotonic() > deadline

    store.await_writer(kind, key, until=is_vain)
    if time.monotonic() > deadline:
        raise TaskError(
            f"{name}: process {owner.pid} on {owner.host} has held the lease for "
            f"{_PATIENCE_SECONDS / 3600:.0f} hours; end that process and run again"
        )
