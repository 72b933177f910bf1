"""Saves the state of a running training in the store, under the key of its result."""

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
        store: the store to save in.
        key: of the checkpoint that the training makes.
        static: key of the parent that the static stage alone makes; if that parent exists and no
            state was saved, training continues from it.
        is_owner: whether this process tells of unusable states and removes them; of several that
            share a training, one does.
    """

    def __init__(
        self, store: ArtifactStore, key: str, static: str | None = None, *, is_owner: bool = True
    ) -> None:
        self._store = store
        self._key = key
        self._static = static
        self._is_owner = is_owner
        self.resumed = 0
        """How many steps the loaded state had completed."""
        self.note = ""
        """Problems with saved states, for the ledger."""

    def load(self) -> TrainingState | None:
        """Return the last state; None if there is none, or it is damaged (see `note`).

        All processes of a training get the same, whether or not the owner has removed it already.
        """
        try:
            found = load_training_state(self._store, self._key)
            if found is None:
                return self._after_static()
            arrays, notes = found
            curve = tuple(CurvePoint(**point) for point in notes["curve"])
            state = TrainingState(notes["stage"], arrays, curve)
        except (CorruptArtifactError, KeyError, TypeError) as error:
            self.reject(str(error))
            return self._after_static()
        self.resumed = len(curve)
        return state

    def _after_static(self) -> TrainingState | None:
        """Return the state at the end of the static stage, from a parent of that stage alone."""
        if self._static is None or not self._store.exists(PARENTS, self._static):
            return None
        weights, _ = load_checkpoint(self._store, PARENTS, self._static)
        points = load_curve(self._store, PARENTS, self._static)
        self.resumed = len(points)
        return state_after("static", weights, [CurvePoint(**point) for point in points])

    def save(self, state: TrainingState) -> None:
        """Save a state; training continues if the store has no room for it."""
        notes = {
            "stage": state.stage,
            "curve": [dataclasses.asdict(point) for point in state.curve],
        }
        try:
            save_training_state(self._store, self._key, len(state.curve), state.arrays, notes)
        except StorageError as error:
            self._tell(f"the training could not be saved at step {len(state.curve)}: {error}")

    def reject(self, reason: str) -> None:
        """Remove a state that cannot be used, and note the reason."""
        self.resumed = 0
        if self._is_owner:
            self.forget()
            self._tell(f"training starts from the beginning, its saved state is unusable: {reason}")

    def forget(self) -> None:
        """Remove every state, because the training is done."""
        remove_training_states(self._store, self._key)

    def _tell(self, note: str) -> None:
        self.note = note
        logger.warning("%s", note)
