"""Orders the stages of a run: each video advances on its own; only the parent is waited for."""

import logging
from collections.abc import Callable, Collection, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from itertools import groupby
from typing import ParamSpec, TypeVar

from flows.plan.resolved_run import ResolvedRun
from flows.runs.parent_training import Parents
from flows.runs.stage_calls import StageCalls
from storage.datasets.source import SourceVideo
from storage.errors import StorageError
from storage.runs.names import RecordName, Role, StageKind, StageName
from tasks.errors import TaskError
from tasks.given import GivenSpec
from tasks.inputs.configuration import Configuration
from tasks.inputs.sources import DatasetSpec
from tasks.keys import PreparedVideo
from tasks.plan.outcome import Outcome, VideoResult
from tasks.plan.run_order import (
    PresetStage,
    finetuned_keys,
    preset_stages,
    shared_stages,
    unneeded,
)
from tasks.run import stages
from tasks.run.run_context import RunContext
from tasks.run.weights_policy import WeightsDropper, droppable_weights

logger = logging.getLogger("maskrnn.run")

P = ParamSpec("P")
T = TypeVar("T")

_VIDEOS_AT_ONCE = 16
"""How many videos are in progress; the workers' slots limit what runs at the same time."""


class Pipeline:
    """One run of a benchmark, up to a stage.

    Args:
        context: store, workers, ledger.
        run: the resolved run.
        only: videos to process; None means all.
        results: results of the other videos.

    Raises:
        ParameterError: the parent that was named is no parent.
    """

    def __init__(
        self,
        context: RunContext,
        run: ResolvedRun,
        only: Collection[str] | None = None,
        results: Sequence[VideoResult] = (),
    ) -> None:
        self._context = context
        self._run = run
        self._dropper = WeightsDropper(context)
        self._sources = sorted(
            (source for source in run.sources if only is None or source.name in only),
            key=_work,
            reverse=True,
        )
        self._left_alone = [r for r in results if only is not None and r.video.name not in only]
        self._stages = StageCalls(len(self._sources))
        self._pool = ThreadPoolExecutor(_VIDEOS_AT_ONCE, thread_name_prefix="video")
        self.outcome = Outcome(videos=[source.name for source in run.sources])
        if run.training.note:
            self._note(run.training.note)
        self._parents = Parents(context, run, self._start, self._note)

    @property
    def expected(self) -> dict[StageKind, int]:
        """Least number of units per kind of stage; a video with several objects has more."""
        run, videos = self._run, len(self._sources)
        presets = run.segmenting
        finetuned = [c for c in presets if c.preset.finetune is not None]
        found: dict[StageKind, int] = dict.fromkeys(
            (stage.kind for stage in shared_stages("video", run.parameters.last_stage)), videos
        )
        found["train"] = len(run.trainings)
        found["finetune"] = videos * len(finetuned)
        found["segment"] = videos * len(presets)
        found["evaluate"] = videos * len(presets) if run.protocol is not None else 0
        return found

    def run(self) -> Outcome:
        """Run all stages up to the last one requested; the ledger records failures of videos."""
        run = self._run
        try:
            if self._parents.find():
                segmented = self._prepare_all(run.data, self._sources, "video")
            else:
                training = self._prepare_all(run.training.spec, run.training.sources, "train")
                segmented = self._prepare_all(run.data, self._sources, "video")
                self._parents.train(training)
            if run.segmenting:
                names = [source.name for source in self._sources]
                jobs = [
                    self._start(self._process, source.name, prepared)
                    for source, prepared in zip(self._sources, segmented, strict=True)
                ]
                self._stages.watch(names, jobs, self._context.failed)
                made = [result for job in jobs for result in job.result()]
                self.outcome.results = [*self._left_alone, *made]
            for prepared in segmented:
                prepared.exception()
            self.outcome.parents = self._parents.finish()
        except BaseException:
            self._context.bridge.close()
            raise
        finally:
            self._pool.shutdown(cancel_futures=True)
        return self.outcome

    def _start(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        # Prefect uses context variables to find the flow run.
        context = copy_context()
        return self._pool.submit(lambda: context.run(job, *args, **kwargs))

    def _note(self, text: str) -> None:
        self.outcome.notes.append(text)
        logger.info(text)

    def _prepare_all(
        self, spec: DatasetSpec, sources: Sequence[SourceVideo], role: Role
    ) -> list[Future[PreparedVideo]]:
        order = shared_stages(role, self._run.parameters.last_stage)
        return [
            self._start(self._prepare, spec, source, RecordName(role, source.name), order)
            for source in (sources if order else ())
        ]

    def _prepare(
        self,
        spec: DatasetSpec,
        source: SourceVideo,
        record: RecordName,
        order: Sequence[StageName],
    ) -> PreparedVideo:
        """Run the stages that all presets share; end the video's record if no preset follows."""
        run, context, call = self._run, self._context, self._stages.call
        context.begin(record)
        ends = record.role == "train" or not run.segmenting
        prepared = PreparedVideo(source.name, "", "", "", (), 0)
        try:
            for stage in order:
                if stage.kind == "ingest":
                    short_side = run.parameters.resolution
                    key = call(stages.ingest, context, spec, source, short_side, record)
                    prepared = replace(prepared, key=key)
                else:
                    given = run.given if record.role == "video" else GivenSpec()
                    estimated = prepared.key, run.flow, run.main.compute
                    prepared = call(stages.flow, context, *estimated, record, given)
            return prepared
        except BaseException as error:
            ends = True
            if isinstance(error, Exception):
                context.blame(record, order[0], error)
            raise
        finally:
            if ends:
                context.end(record)

    def _process(self, name: str, prepared: "Future[PreparedVideo]") -> list[VideoResult]:
        """Run all presets on one video; a failure is recorded and does not stop the others."""
        if prepared.exception() is not None:
            return []
        results = []
        for configuration in self._run.segmenting:
            try:
                results.append(self._segment(prepared.result(), configuration))
            except Exception as error:
                stage = StageName("segment", configuration.preset.name)
                self._context.blame(RecordName("video", name), stage, error)
        self._drop_weights(prepared.result(), {result.preset for result in results})
        self._context.end(RecordName("video", name))
        return results

    def _drop_weights(self, video: PreparedVideo, done: Collection[str]) -> None:
        keep = self._run.parameters.keep_weights
        unneeded = droppable_weights(
            video, self._run.configurations, self._parents.ready(), done, keep
        )
        self._dropper.drop(RecordName("video", video.name), unneeded)

    def _segment(self, video: PreparedVideo, configuration: Configuration) -> VideoResult:
        """Run the stages of a video by one preset, in order."""
        run, context, preset = self._run, self._context, configuration.preset
        parent = None if preset.network is None else self._parent(video, preset.name)
        order = preset_stages(video, parent, configuration, run.protocol)
        weights = finetuned_keys(video, parent, configuration)
        dropped = self._announce(video, order)
        prediction, evaluation = "", None
        for kind, same in groupby(order, key=lambda stage: stage.name.kind):
            shared = preset, configuration.compute
            if kind == "finetune":
                calls = [
                    (context, video, name.object_id, parent, *shared, name not in dropped)
                    for name in (stage.name for stage in same)
                ]
                self._stages.call_each(stages.finetune, calls)
            elif kind == "segment":
                limit = run.parameters.checkpoint_frames
                prediction = self._stages.call(
                    stages.segment, context, video, weights, *shared, limit
                )
            else:
                evaluated = prediction, preset.name, run.protocol
                evaluation = self._stages.call(stages.evaluate, context, video, *evaluated)
        return VideoResult(video, preset.name, prediction, evaluation)

    def _announce(self, video: PreparedVideo, order: Sequence[PresetStage]) -> Set[StageName]:
        """Put all these stages into the ledger at once; return those that are not needed."""
        dropped = unneeded(order, self._context.store.exists)
        if order[0].serves is not None and not dropped:
            coming = {stage.name: (stage.kind, stage.key or "") for stage in order}
            self._context.announce(RecordName("video", video.name), coming)
        return dropped

    def _parent(self, video: PreparedVideo, preset: str) -> str:
        try:
            return self._parents.key(preset)
        except TaskError:
            record, stage = RecordName("video", video.name), StageName("segment", preset)
            with self._context.stage(record, stage):
                raise


def _work(source: SourceVideo) -> int:
    """Sort key: the longest videos start first, so that none is left for the end."""
    try:
        return source.frame_count
    except StorageError:
        return 0  # the video fails by itself in its turn
