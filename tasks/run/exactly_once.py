"""One artifact, made once, whoever else on this store wants it at the same time."""

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
"""How long a worker waits: enough to see that the owner of a lease is dead."""

_PATIENCE_SECONDS = 24 * 3600.0
"""How long a run waits for another one to make an artifact."""


@dataclass(frozen=True)
class Making:
    """What a worker did about an artifact.

    Args:
        state: "made" it, "found" it there, or it is "held": another writer is at work.
        value: what the unit returned.
    """

    state: Literal["made", "found", "held"]
    value: Any = None


def make_once(
    unit: Callable[..., Any], store_url: str, kind: str, key: str, args: tuple[Any, ...]
) -> Making:
    """Call `unit(store_url, key, *args)` under the artifact's lease, unless it is there.

    Called on a worker. A writer that died is taken over; a living one is not waited for, since
    its run may take hours and the worker has better things to do. Nor is one that took over from
    this worker, because this one was stopped for long.
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
    """Wait, without a worker, while another run makes an artifact.

    Args:
        store: the store.
        kind: of the artifact.
        key: of the artifact.
        ended: asked between two looks; true ends the waiting.
        name: of the unit, for the log.

    Raises:
        TaskError: the other run has been at it for a day.
    """
    owner = store.lease_owner(kind, key)
    if owner is None or owner.ended:
        return
    logger.info("%s: being made by process %d on %s; waiting for it", name, owner.pid, owner.host)
    deadline = time.monotonic() + _PATIENCE_SECONDS

    def is_vain() -> bool:
        return ended() or store.exists(kind, key) or time.monotonic() > deadline

    store.await_writer(kind, key, until=is_vain)
    if time.monotonic() > deadline:
        raise TaskError(
            f"{name} has been in the hands of process {owner.pid} on {owner.host} for "
            f"{_PATIENCE_SECONDS / 3600:.0f} hours; end that process, and run again"
        )
