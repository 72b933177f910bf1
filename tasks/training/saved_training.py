"""The state of a training under way, kept in the store under the key of what it makes."""

import dataclasses
import logging

from maskrnn_core.training.curve import CurvePoint
from maskrnn_core.training.recorder import TrainingState, state_after
from storage.errors import CorruptArtifactError, StorageError
from storage.kinds.checkpoints import PARENTS, load_checkpoint, load_curve
from storage.kinds.training_states import (
    load_training_state,
    remove_training_states,
    save_training_state,
)
from storage.store.artifacts import ArtifactStore

logger = logging.getLogger("maskrnn.run")


class SavedTraining:
    """Satisfies `maskrnn_core.training.recorder.TrainingStates`.

    Args:
        store: where to.
        key: of the checkpoint that the training makes.
        static: key of the parent that its static stage alone makes; where that is in the store,
            and nothing was saved, training goes on from there.
    """

    def __init__(self, store: ArtifactStore, key: str, static: str | None = None) -> None:
        self._store = store
        self._key = key
        self._static = static
        self.resumed = 0
        """Steps that the loaded state had behind it."""
        self.note = ""
        """What went wrong with saved states, for the ledger."""

    def load(self) -> TrainingState | None:
        """The last state; None where there is none, or where it is damaged (which `note` tells)."""
        try:
            found = load_training_state(self._store, self._key)
            if found is None:
                return self._after_static()
            arrays, notes = found
            curve = tuple(CurvePoint(**point) for point in notes["curve"])
            state = TrainingState(notes["stage"], arrays, curve)
        except (CorruptArtifactError, KeyError, TypeError) as error:
            self.reject(str(error))
            return None
        self.resumed = len(curve)
        return state

    def _after_static(self) -> TrainingState | None:
        """The end of the static stage, as a parent of that stage alone has it."""
        if self._static is None or not self._store.exists(PARENTS, self._static):
            return None
        weights, _ = load_checkpoint(self._store, PARENTS, self._static)
        points = load_curve(self._store, PARENTS, self._static)
        self.resumed = len(points)
        return state_after("static", weights, [CurvePoint(**point) for point in points])

    def save(self, state: TrainingState) -> None:
        """Keep a state; a store that has no room for it does not end the training."""
        notes = {
            "stage": state.stage,
            "curve": [dataclasses.asdict(point) for point in state.curve],
        }
        try:
            save_training_state(self._store, self._key, len(state.curve), state.arrays, notes)
        except StorageError as error:
            self._tell(f"the training could not be saved at step {len(state.curve)}: {error}")

    def reject(self, reason: str) -> None:
        """Remove a state that cannot be used, and tell."""
        self.forget()
        self.resumed = 0
        self._tell(f"training begins anew, its saved state cannot be used: {reason}")

    def forget(self) -> None:
        """Remove every state: the training is done."""
        remove_training_states(self._store, self._key)

    def _tell(self, note: str) -> None:
        self.note = note
        logger.warning("%s", note)
