"""Keeps finetuned weights after their use, or drops them to save disk space.

A prediction does not need the weights that it was made with. If they are needed again, for example
after a change of `inference.*`, finetuning is repeated.
"""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal

from storage.errors import StorageError
from storage.kinds.checkpoints import FINETUNED
from storage.runs.all_runs import list_runs
from storage.runs.drivers import drivers
from storage.runs.ledger import RunLedger
from storage.runs.names import RecordName
from storage.store.artifacts import ArtifactStore
from tasks.inputs.configuration import Configuration
from tasks.keys import PreparedVideo
from tasks.plan.run_order import finetuned_keys
from tasks.run.run_context import RunContext

logger = logging.getLogger("maskrnn.run")

KeepWeights = Literal["all", "main", "none"]
"""`main` keeps the weights of the run's main preset and drops those of compared presets."""

DROPPED = "weights dropped, the prediction is complete"


def droppable_weights(
    video: PreparedVideo,
    configurations: Sequence[Configuration],
    parents: Mapping[str, str],
    done: Collection[str],
    keep: KeepWeights,
) -> set[str]:
    """Return the keys of a video's weights that are no longer needed.

    Args:
        video: a video that all presets have completed.
        configurations: of the presets, the main one first.
        parents: key per preset that has a parent.
        done: presets whose results of this video are complete.
        keep: the policy.
    """
    if keep == "all":
        return set()
    kept: set[str] = set()
    dropped: set[str] = set()
    for place, configuration in enumerate(configurations):
        preset = configuration.preset
        if preset.finetune is None or preset.name not in parents:
            continue
        keys = finetuned_keys(video, parents[preset.name], configuration).values()
        is_kept = preset.name not in done or (keep == "main" and place == 0)
        (kept if is_kept else dropped).update(keys)
    return dropped - kept


class WeightsDropper:
    """Removes weights that no other run refers to.

    Args:
        context: shared by the stages of the run.
    """

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._others: frozenset[str] | None = None

    def drop(self, record: RecordName, keys: Collection[str]) -> None:
        """Remove weights of a video, and the references of its record to them.

        Where the store does not tell whether another run needs them, for example because a record
        is damaged, they stay, and a warning says why.
        """
        gone = {(FINETUNED, key) for key in self._removed(record, keys)}
        if gone:
            self._context.forget(record, gone, DROPPED)

    def _removed(self, record: RecordName, keys: Collection[str]) -> Iterator[str]:
        """Remove the weights that nobody needs, one at a time; gives their keys."""
        store = self._context.store
        try:
            for key in sorted(keys):
                if self._remove(store, key):
                    yield key
        except StorageError as error:
            logger.warning("the finetuned weights of %s are kept: %s", record, error)

    def _remove(self, store: ArtifactStore, key: str) -> bool:
        if not store.exists(FINETUNED, key) or store.is_leased(FINETUNED, key):
            return False
        lease = store.lease(FINETUNED, key)
        if lease is None:
            return False
        with lease:
            return store.remove_unless(FINETUNED, key, lambda: self._is_wanted(key))

    def _is_wanted(self, key: str) -> bool:
        """Whether a run needs the weights: one that had ended at the first look, or an active
        one."""
        store, mine = self._context.store, self._context.ledger.run_id
        if self._others is None:
            others = [info.run_id for info in list_runs(store) if info.run_id != mine]
            self._others = frozenset(_weights_of(store, others))
        if key in self._others:
            return True
        driven = [
            info.run_id
            for info in list_runs(store)
            if info.run_id != mine and any(d.is_alive for d in drivers(store, info.run_id))
        ]
        return key in _weights_of(store, driven)


def _weights_of(store: ArtifactStore, runs: Collection[str]) -> set[str]:
    return {
        key
        for run in runs
        for record in RunLedger(store, run).records()
        for kind, key in record.artifacts()
        if kind == FINETUNED
    }
