"""Provides what every stage of a run shares: the store, the workers, the ledger."""

import logging
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

from storage.kinds.repair import repair
from storage.runs.ledger import RunLedger, StageRecord, State, VideoRecord
from storage.runs.names import RecordName, StageKind, StageName
from storage.store.artifacts import ArtifactStore
from tasks.dask_bridge import Bridge
from tasks.dask_bridge.unit_run import describe
from tasks.errors import RunEndedError, UnitError
from tasks.machine.resources import Resource
from tasks.run.exactly_once import Making, await_other_run, make_once
from tasks.run.keyed_locks import KeyedLocks
from tasks.run.run_records import RunRecords, ended, without

logger = logging.getLogger("maskrnn.run")


class Stage:
    """One running stage of one record; `obtain` does the work or finds its result."""

    def __init__(self, context: "RunContext", record: RecordName, name: StageName) -> None:
        self._context = context
        self._record = record
        self._name = name
        self.worker = ""
        self.seconds = 0.0
        self.reused = True
        self.artifacts: list[tuple[str, str]] = []
        self.value: Any = None
        self.note = ""
        self.figures: dict[str, float] = {}

    def refers_to(self, kind: str, key: str) -> None:
        """Record an artifact in the ledger before checking it, so that no process removes it."""
        if (kind, key) not in self.artifacts:
            self.artifacts.append((kind, key))
            self._context.refer(self._record, self._name, self.record("running"))

    def record(self, state: State) -> StageRecord:
        """Return the ledger's record of this stage."""
        return StageRecord(
            state,
            self.seconds,
            self.reused and state == "done",
            self.worker,
            tuple(self.artifacts),
            note=self.note,
            figures=self.figures,
        )

    def obtain(
        self, kind: str, key: str, unit: Callable[..., Any], *args: Any, resource: Resource
    ) -> str:
        """Return the key of an artifact, after making sure that it exists.

        If the artifact exists, it is used and no worker is needed. If some of its files are
        missing, it is removed and made again, and the stage's note says so. If another run is
        making it, this waits. Otherwise `unit(store_url, key, *args)` runs on a worker and must
        write it; `value` is what the unit returned.

        Raises:
            UnitError: the unit failed.
            BridgeError: there is no worker to run on, or the run was ended.
        """
        context = self._context
        store, bridge = context.store, context.bridge
        name = f"{self._name} {self._record}"
        self.refers_to(kind, key)
        with context.making(kind, key):
            self._repair(kind, key)
            while not store.exists(kind, key):
                await_other_run(store, kind, key, lambda: bridge.closed, name)
                run = bridge.run(
                    make_once,
                    unit,
                    store.url,
                    kind,
                    key,
                    args,
                    resource=resource,
                    kind=self._name.kind,
                    name=name,
                    timeout=context.timeouts.get(self._name.kind),
                )
                making: Making = run.value
                if making.state == "made":
                    self.reused = False
                    self.worker, self.seconds, self.value = run.worker, run.seconds, making.value
                    break
        return key

    def _repair(self, kind: str, key: str) -> None:
        if damage := repair(self._context.store, kind, key):
            self.note = f"damaged {kind} was removed and computed again: {damage}"
            logger.warning("%s %s: %s", self._name, self._record, self.note)


class RunContext:
    """Store, workers and ledger of one run; safe to use from many threads.

    Args:
        store: the store that holds all artifacts.
        bridge: the workers.
        ledger: the run's records.
        driver: token of this process, as `storage.runs.drivers.drive` gives it.
        timeouts: most seconds per unit, by the kind of its stage.
    """

    def __init__(
        self,
        store: ArtifactStore,
        bridge: Bridge,
        ledger: RunLedger,
        driver: str = "",
        timeouts: Mapping[StageKind, float] | None = None,
    ) -> None:
        self.store = store
        self.bridge = bridge
        self.ledger = ledger
        self.timeouts: Mapping[StageKind, float] = timeouts or {}
        self._records = RunRecords(ledger, driver)
        self._making = KeyedLocks()

    @contextmanager
    def stage(self, record: RecordName, name: StageName) -> Iterator[Stage]:
        """Record the result of a stage: done, or failed with error and traceback.

        A stage whose unit could not start because the run was ended stays pending.

        The stage counts as running as soon as it refers to an artifact. The recorded seconds are
        those on the worker, without the wait for one.
        """
        work = Stage(self, record, name)
        started = time.perf_counter()
        try:
            yield work
        except RunEndedError:
            self._put(record, {name: work.record("pending")})
            raise
        except Exception as error:
            self._put(record, {name: self._failure(work, error, time.perf_counter() - started)})
            logger.error("%s %s failed: %s", name, record, describe(error))
            raise
        self._put(record, {name: work.record("done")}, soon=True)
        if work.reused:
            logger.debug("%s %s: reused", name, record)
        else:
            logger.info("%s %s: %.1f s on %s", name, record, work.seconds, work.worker)

    def making(self, kind: str, key: str) -> AbstractContextManager[None]:
        """Hold a lock while an artifact is made, so that presets that share it make it once."""
        return self._making.holding((kind, key))

    def begin(self, record: RecordName) -> None:
        """Start another attempt; stages of former attempts leave the record.

        The artifacts that they referred to stay in it until the attempt ends, because they are
        likely to be reused.
        """
        name = str(record)
        former = self.ledger.read(name) or VideoRecord(name)
        kept = tuple(former.artifacts())
        begun = VideoRecord(name, state="pending", attempt=former.attempt + 1, former=kept)
        self._records.change(name, lambda _: begun, soon=True)

    def found(self, record: RecordName, key: str) -> None:
        """Note the key of the video's frames; it is written with the video's next stage."""
        self._records.change(str(record), lambda now: replace(now, video_key=key), soon=True)

    def announce(self, record: RecordName, stages: Mapping[StageName, tuple[str, str]]) -> None:
        """Record the artifacts, (kind, key), of several later stages in the ledger at once."""
        waiting = {name: StageRecord("running", artifacts=(pair,)) for name, pair in stages.items()}
        self._put(record, waiting)

    def end(self, record: RecordName) -> None:
        """Close a record: failed if a stage failed, pending if one did not start, or else done."""
        self._records.change(str(record), ended)

    def forget(self, record: RecordName, artifacts: Set[tuple[str, str]], note: str) -> None:
        """Remove references to artifacts, (kind, key), from a record; the note tells why."""
        self._records.change(str(record), lambda now: without(now, artifacts, note))

    def adopt(self, records: Iterable[VideoRecord]) -> None:
        """Take over records of former attempts, for videos that this one may not process."""
        self._records.adopt(records)

    def failed(self, videos: Iterable[str]) -> list[str]:
        """Return those of the videos that have failed so far."""
        return [name for name in videos if self._records.of(name).state == "failed"]

    def records(self) -> Mapping[str, VideoRecord]:
        """The records of this run so far, by video."""
        return self._records.all()

    def blame(self, record: RecordName, name: StageName, error: Exception) -> None:
        """Record an error for a stage, unless a stage of the record has recorded it itself.

        After the end of the run, the stage has not failed but is pending.
        """
        if isinstance(error, RunEndedError):
            stages = self._records.of(str(record)).stages.values()
            if not any(stage.state == "pending" for stage in stages):
                self._put(record, {name: StageRecord("pending")})
            return
        known = {stage.error for stage in self._records.of(str(record)).stages.values()}
        if describe(error) not in known:
            self._put(record, {name: self._failure(Stage(self, record, name), error, 0.0)})
            logger.error("%s %s failed: %s", name, record, describe(error))

    def close(self) -> None:
        """Write changes that are not in the ledger yet."""
        self._records.close()

    def _failure(self, work: Stage, error: Exception, seconds: float) -> StageRecord:
        trace = error.trace if isinstance(error, UnitError) else ""
        return StageRecord(
            "failed",
            seconds,
            False,
            work.worker,
            tuple(work.artifacts),
            describe(error),
            trace or "".join(traceback.format_exception(error)),
            work.note,
        )

    def refer(self, record: RecordName, name: StageName, stage: StageRecord) -> None:
        """Write the record of a stage to the ledger before returning."""
        if self._records.written(str(record)).stages.get(str(name)) != stage:
            self._put(record, {name: stage})

    def _put(
        self, record: RecordName, stages: Mapping[StageName, StageRecord], *, soon: bool = False
    ) -> None:
        named = {str(name): stage for name, stage in stages.items()}

        def changed(now: VideoRecord) -> VideoRecord:
            return replace(now, state="running", stages={**now.stages, **named})

        self._records.change(str(record), changed, soon=soon)
