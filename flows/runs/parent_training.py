"""The parents of a run: loaded, or trained once for all presets that can share one."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from flows.plan.resolved_run import ResolvedRun
from storage.runs.names import RecordName
from tasks.errors import TaskError
from tasks.inputs.external_parents import obtain_parent
from tasks.keys import PreparedVideo
from tasks.plan.run_order import TRAIN, Training
from tasks.run import stages
from tasks.run.run_context import RunContext
from tasks.run.task_runs import start_task

Start = Callable[..., "Future[Any]"]
"""Calls a function with arguments in a thread of the run."""


class Parents:
    """Keys of parents by preset, some of them still to come.

    Args:
        context: of the run.
        run: resolved.
        start: has a function called in a thread.
        note: tells the reader of the report something.

    Raises:
        ParameterError: the parent that was named is none.
    """

    def __init__(
        self,
        context: RunContext,
        run: ResolvedRun,
        start: Start,
        note: Callable[[str], None],
    ) -> None:
        self._context = context
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

    def train(self, videos: Sequence["Future[PreparedVideo]"]) -> None:
        """Begin to train what is missing.

        A recurrent stage starts from the parent of the static stage, where a preset trains that.
        """
        begun: dict[RecordName, Future[str]] = {}
        for training in self._trainings:
            before = None if training.after is None else begun[training.after]
            begun[training.record] = self._start(self._train, training, videos, before)
            self._keys |= dict.fromkeys(training.presets, begun[training.record])

    def key(self, preset: str) -> str:
        """The parent of a preset, waited for.

        Raises:
            TaskError: there is none; says why.
        """
        parent = self._keys[preset]
        if parent.exception() is not None:
            raise TaskError(f"there is no parent of {preset}: {parent.exception()}")
        return parent.result()

    def ready(self) -> dict[str, str]:
        """Keys of those that are there already, by preset."""
        return {
            name: parent.result()
            for name, parent in self._keys.items()
            if parent.done() and parent.exception() is None
        }

    def finish(self) -> dict[str, str]:
        """Keys of all that came to be, by preset; waits for them."""
        for parent in self._keys.values():
            parent.exception()
        return self.ready()

    def _train(
        self,
        training: Training,
        prepared: Sequence["Future[PreparedVideo]"],
        before: "Future[str] | None",
    ) -> str:
        """Key of a parent; one that it may start from is waited for, whatever becomes of it."""
        if before is not None:
            before.exception()
        record, configuration = training.record, training.configuration
        self._context.begin(record)
        try:
            videos = [future.result() for future in prepared if future.exception() is None]
            if not videos:
                with self._context.stage(record, TRAIN):
                    raise TaskError(f"all {len(prepared)} training videos failed; mend them first")
            if len(videos) < len(prepared):
                self._note(
                    f"{len(prepared) - len(videos)} of {len(prepared)} training videos failed; "
                    f"the parent of {configuration.preset.name} has not seen them."
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
