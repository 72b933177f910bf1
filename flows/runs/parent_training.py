"""Obtains the parents of a run: finds them, or trains each once for all presets that share it."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from flows.plan.resolved_run import ResolvedRun
from flows.plan.run_plan import stored_parents
from flows.plan.training_cautions import training_cautions
from storage.errors import StorageError
from storage.kinds.checkpoints import PARENTS
from storage.kinds.repair import repair
from storage.runs.names import RecordName
from tasks.errors import RunEndedError, TaskError
from tasks.inputs.external_parents import obtain_parent
from tasks.keys import PreparedVideo
from tasks.plan.run_order import TRAIN, Training
from tasks.run import stages
from tasks.run.run_context import RunContext
from tasks.run.task_runs import start_task

logger = logging.getLogger("maskrnn.run")

Start = Callable[..., "Future[Any]"]
"""A function that runs a function with arguments in a thread of the run."""


class Parents:
    """Keys of parents by preset; some may still be in training.

    Args:
        context: shared by the stages of the run.
        run: the resolved run.
        start: runs a function in a thread and returns its future.
        note: adds a note to the report.

    Raises:
        ParameterError: the parent that was named is no parent.
    """

    def __init__(
        self,
        context: RunContext,
        run: ResolvedRun,
        start: Start,
        note: Callable[[str], None],
    ) -> None:
        self._context = context
        self._run = run
        self._initial = run.parameters.initial_weights
        self._trainings = run.trainings
        self._start = start
        self._note = note
        self._keys: dict[str, Future[str]] = {}
        given = run.parameters.parent
        if given is not None and run.with_network:
            key: Future[str] = Future()
            key.set_result(obtain_parent(context.store, given))
            self._keys = {c.preset.name: key for c in run.with_network}

    def find(self) -> bool:
        """Use the parents in the store, unless one is missing.

        Returns:
            Whether nothing must be trained, so that no training video is needed.
        """
        store = self._context.store
        try:
            found = stored_parents(self._run, store)
            if any(repair(store, PARENTS, key) for key in found.values()):
                return False
        except StorageError:
            return False  # the stages repair what is damaged, or name what cannot be used
        if not found and self._trainings:
            return False
        for training in self._trainings:
            key: Future[str] = Future()
            key.set_result(found[training.presets[0]])
            self._context.begin(training.record)
            with self._context.stage(training.record, TRAIN) as stage:
                stage.refers_to(PARENTS, key.result())
            self._context.end(training.record)
            self._keys |= dict.fromkeys(training.presets, key)
            logger.info("parent of %s: reused, %s", ", ".join(training.presets), key.result())
        return True

    def train(self, videos: Sequence["Future[PreparedVideo]"]) -> None:
        """Start to train the missing parents.

        A recurrent stage starts from the parent of the static stage if a preset trains that parent.
        """
        for caution in training_cautions(self._run):
            logger.warning(caution)
        begun: dict[RecordName, Future[str]] = {}
        for training in self._trainings:
            before = None if training.after is None else begun[training.after]
            begun[training.record] = self._start(self._train, training, videos, before)
            self._keys |= dict.fromkeys(training.presets, begun[training.record])

    def key(self, preset: str) -> str:
        """Wait for the parent of a preset and return its key.

        Raises:
            RunEndedError: the run was ended before the parent was trained.
            TaskError: there is no parent; states why.
        """
        parent = self._keys[preset]
        if parent.exception() is not None and self._context.bridge.closed:
            raise RunEndedError
        if parent.exception() is not None:
            raise TaskError(f"there is no parent of {preset}: {parent.exception()}")
        return parent.result()

    def ready(self) -> dict[str, str]:
        """Return the keys of the parents that exist already, by preset."""
        return {
            name: parent.result()
            for name, parent in self._keys.items()
            if parent.done() and parent.exception() is None
        }

    def finish(self) -> dict[str, str]:
        """Wait for all parents and return the keys of those that were obtained, by preset."""
        for parent in self._keys.values():
            parent.exception()
        return self.ready()

    def _train(
        self,
        training: Training,
        prepared: Sequence["Future[PreparedVideo]"],
        before: "Future[str] | None",
    ) -> str:
        """Return a parent's key, after waiting for the parent that it may start from to end."""
        if before is not None:
            before.exception()
        record, configuration = training.record, training.configuration
        if not configuration.preset.trains_offline:
            prepared = []
        self._context.begin(record)
        try:
            videos = [future.result() for future in prepared if future.exception() is None]
            if prepared and not videos:
                if self._context.bridge.closed:
                    raise RunEndedError
                with self._context.stage(record, TRAIN):
                    raise TaskError(f"all {len(prepared)} training videos failed; see their errors")
            if len(videos) < len(prepared):
                self._note(
                    f"{len(prepared) - len(videos)} of {len(prepared)} training videos failed; "
                    f"the parent of {configuration.preset.name} was trained without them."
                )
            return start_task(
                stages.train,
                self._context,
                videos,
                configuration.preset,
                configuration.compute,
                self._initial,
            ).result()
        except Exception as error:
            self._context.blame(record, TRAIN, error)
            raise
        finally:
            self._context.end(record)
