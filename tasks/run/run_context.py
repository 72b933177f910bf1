"""What every stage of a run shares: the store, the workers, the ledger."""

import logging
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

from storage.kinds.repair import repair
from storage.runs.ledger import RunLedger, StageRecord, State, VideoRecord
from storage.store.artifacts import ArtifactStore
from tasks.dask_bridge import Bridge
from tasks.dask_bridge.unit_run import describe
from tasks.errors import UnitError
from tasks.machine.resources import Resource
from tasks.run.exactly_once import Making, await_other_run, make_once
from tasks.run.keyed_locks import KeyedLocks
from tasks.run.run_records import RunRecords

logger = logging.getLogger("maskrnn.run")


class Stage:
    """One stage of one video while it runs; `obtain` does the work, or finds it done."""

    def __init__(self, context: "RunContext", video: str, stage: str) -> None:
        self._context = context
        self._video = video
        self._stage = stage
        self.worker = ""
        self.seconds = 0.0
        self.reused = True
        self.artifacts: list[tuple[str, str]] = []
        self.value: Any = None
        self.note = ""
        self.figures: dict[str, float] = {}

    def refers_to(self, kind: str, key: str) -> None:
        """Put an artifact into the ledger, so that nobody removes it; before a look at it."""
        if (kind, key) not in self.artifacts:
            self.artifacts.append((kind, key))
            self._context.refer(self._video, self._stage, self.record("running"))

    def record(self, state: State) -> StageRecord:
        """What the ledger tells of it."""
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
        """The key of an artifact that exists when this returns.

        An artifact that is there is taken, and no worker is asked. If files of it are missing, it
        is removed and made again, and the stage's note says so. One that another run is making is
        waited for. Else `unit(store_url, key, *args)` runs on a worker, and must write it; `value`
        is what it returned.

        Raises:
            UnitError: the unit failed.
            BridgeError: no worker to run on, or the run was ended.
        """
        context = self._context
        store, bridge = context.store, context.bridge
        name = f"{self._stage} {self._video}"
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
                    name=name,
                    timeout=context.timeouts.get(self._stage.partition(" ")[0]),
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
            logger.warning("%s %s: %s", self._stage, self._video, self.note)


class RunContext:
    """Store, workers and ledger of one run; safe to use from many threads.

    Args:
        store: the store that holds all artifacts.
        bridge: the workers.
        ledger: the run's records.
        driver: token of this process, as `storage.runs.drivers.drive` gives it.
        timeouts: seconds a unit may take, by the first word of its stage's name.
    """

    def __init__(
        self,
        store: ArtifactStore,
        bridge: Bridge,
        ledger: RunLedger,
        driver: str = "",
        timeouts: Mapping[str, float] | None = None,
    ) -> None:
        self.store = store
        self.bridge = bridge
        self.ledger = ledger
        self.timeouts = timeouts or {}
        self._records = RunRecords(ledger, driver)
        self._making = KeyedLocks()

    @contextmanager
    def stage(self, video: str, stage: str) -> Iterator[Stage]:
        """Record what becomes of a stage: done, or failed with error and traceback.

        It is running as soon as it refers to an artifact. The seconds recorded are those on the
        worker, without the wait for one.
        """
        work = Stage(self, video, stage)
        started = time.perf_counter()
        try:
            yield work
        except Exception as error:
            self._put(video, {stage: self._failure(work, error, time.perf_counter() - started)})
            logger.error("%s %s failed: %s", stage, video, describe(error))
            raise
        self._put(video, {stage: work.record("done")}, soon=True)
        if work.reused:
            logger.debug("%s %s: reused", stage, video)
        else:
            logger.info("%s %s: %.1f s on %s", stage, video, work.seconds, work.worker)

    def making(self, kind: str, key: str) -> AbstractContextManager[None]:
        """Held while an artifact is made: presets that share one make it once."""
        return self._making.holding((kind, key))

    def begin(self, video: str) -> None:
        """A further attempt at a video; stages of former attempts leave its record.

        What they referred to stays in it until the attempt ends, for it is likely to be reused.
        """
        former = self.ledger.read(video) or VideoRecord(video)
        kept = tuple(former.artifacts())
        begun = VideoRecord(video, state="pending", attempt=former.attempt + 1, former=kept)
        self._records.change(video, lambda _: begun, soon=True)

    def found(self, video: str, key: str) -> None:
        """The key of the video's frames, once it is known; written with its next stage."""
        self._records.change(video, lambda record: replace(record, video_key=key), soon=True)

    def announce(self, video: str, stages: Mapping[str, tuple[str, str]]) -> None:
        """Put the artifacts, (kind, key), of several stages to come into the ledger at once."""
        waiting = {name: StageRecord("running", artifacts=(pair,)) for name, pair in stages.items()}
        self._put(video, waiting)

    def end(self, video: str) -> None:
        """Nothing more happens to a video: it is done, or failed when any stage failed."""

        def ended(record: VideoRecord) -> VideoRecord:
            # What was announced and never begun, because a stage before it failed, goes again.
            kept = {
                name: stage for name, stage in record.stages.items() if stage.state != "running"
            }
            failed = any(stage.state == "failed" for stage in kept.values())
            return replace(record, state="failed" if failed else "done", stages=kept, former=())

        self._records.change(video, ended)

    def forget(self, video: str, artifacts: Set[tuple[str, str]], note: str) -> None:
        """Take references to artifacts, (kind, key), out of a record; the note tells why."""

        def without(record: VideoRecord) -> VideoRecord:
            stages = {
                name: replace(
                    stage,
                    artifacts=tuple(pair for pair in stage.artifacts if pair not in artifacts),
                    note=note,
                )
                if artifacts & set(stage.artifacts)
                else stage
                for name, stage in record.stages.items()
            }
            former = tuple(pair for pair in record.former if pair not in artifacts)
            return replace(record, stages=stages, former=former)

        self._records.change(video, without)

    def adopt(self, records: Iterable[VideoRecord]) -> None:
        """Take over records of former attempts, of videos that this one may leave alone."""
        self._records.adopt(records)

    def failed(self, videos: Iterable[str]) -> list[str]:
        """Those of the videos that have failed so far."""
        return [name for name in videos if self._records.of(name).state == "failed"]

    def records(self) -> Mapping[str, VideoRecord]:
        """The records of this run so far, by video."""
        return self._records.all()

    def blame(self, video: str, stage: str, error: Exception) -> None:
        """Record an error as the stage's, unless a stage of the video has recorded it itself."""
        known = {record.error for record in self._records.of(video).stages.values()}
        if describe(error) not in known:
            self._put(video, {stage: self._failure(Stage(self, video, stage), error, 0.0)})
            logger.error("%s %s failed: %s", stage, video, describe(error))

    def close(self) -> None:
        """Write what the ledger does not have yet."""
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

    def refer(self, video: str, stage: str, record: StageRecord) -> None:
        """Have the record of a stage in the ledger when this returns."""
        if self._records.written(video).stages.get(stage) != record:
            self._put(video, {stage: record})

    def _put(self, video: str, stages: Mapping[str, StageRecord], *, soon: bool = False) -> None:
        def changed(record: VideoRecord) -> VideoRecord:
            return replace(record, state="running", stages={**record.stages, **stages})

        self._records.change(video, changed, soon=soon)
