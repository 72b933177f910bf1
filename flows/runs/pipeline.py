"""The order of a run: every video at its own pace, all of them waiting for the parent alone."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from flows.plan.resolved_run import ResolvedRun
from flows.runs.parent_training import Parents
from flows.runs.stage_calls import StageCalls
from storage.datasets.source import SourceVideo
from storage.errors import StorageError
from storage.kinds.checkpoints import FINETUNED
from storage.kinds.predictions import PREDICTIONS
from storage.runs.names import RecordName, Role, StageName
from tasks.errors import TaskError
from tasks.inputs.configuration import Configuration
from tasks.inputs.sources import DatasetSpec
from tasks.keys import PreparedVideo, evaluation_key, prediction_key
from tasks.plan.dry_plan import finetuned_keys
from tasks.plan.outcome import Outcome, VideoResult
from tasks.run import stages
from tasks.run.run_context import RunContext
from tasks.run.weights_policy import WeightsDropper, droppable_weights
from tasks.scores.scoring import protocol_of
from tasks.units import EVALUATIONS

logger = logging.getLogger("maskrnn.run")

P = ParamSpec("P")
T = TypeVar("T")

_VIDEOS_AT_ONCE = 16
"""Videos on their way; what runs at the same time is limited by the workers' slots."""


class Pipeline:
    """One run of a benchmark, up to a stage.

    Args:
        context: store, workers, ledger.
        run: resolved.
        only: videos to work on; None for all.
        results: of the videos that are left alone.

    Raises:
        ParameterError: the parent that was named is none.
    """

    def __init__(
        self,
        context: RunContext,
        run: ResolvedRun,
        only: Collection[str] | None = None,
        results: Sequence[VideoResult] = (),
    ) -> None:
        self._context = context
        self._parameters = run.parameters
        self._run = run
        # Presets without a network need not wait for the parent.
        self._configurations = sorted(
            run.configurations, key=lambda c: c.preset.network is not None
        )
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

    def run(self) -> Outcome:
        """Run all stages up to the last one asked for; failures of videos are in the ledger."""
        try:
            training = self._prepare_all(
                self._run.training.spec, self._run.training.sources, "train"
            )
            segmented: list[Future[PreparedVideo]] = []
            if self._parameters.until != "train":
                segmented = self._prepare_all(self._run.data, self._sources, "video")
            self._parents.train(training)
            if self._parameters.reaches("segment"):
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
        # Prefect finds the flow run through context variables.
        context = copy_context()
        return self._pool.submit(lambda: context.run(job, *args, **kwargs))

    def _note(self, text: str) -> None:
        self.outcome.notes.append(text)
        logger.info(text)

    def _prepare_all(
        self, spec: DatasetSpec, sources: Sequence[SourceVideo], role: Role
    ) -> list[Future[PreparedVideo]]:
        return [
            self._start(self._prepare, spec, source, RecordName(role, source.name))
            for source in sources
        ]

    def _prepare(self, spec: DatasetSpec, source: SourceVideo, record: RecordName) -> PreparedVideo:
        parameters = self._parameters
        context = self._context
        context.begin(record)
        last = record.role == "train" or not self._parameters.reaches("segment")
        try:
            key: str = self._stages.call(
                stages.ingest, context, spec, source, parameters.resolution, record
            )
            if parameters.until == "ingest":
                return PreparedVideo(source.name, key, "", "", (), 0)
            prepared: PreparedVideo = self._stages.call(
                stages.flow, context, key, self._run.flow, self._run.main.compute, record
            )
            return prepared
        except BaseException as error:
            last = True
            if isinstance(error, Exception):
                context.blame(record, StageName("ingest"), error)
            raise
        finally:
            if last:
                context.end(record)

    def _process(self, name: str, prepared: "Future[PreparedVideo]") -> list[VideoResult]:
        """All presets on one video; what fails is recorded and leaves the others alone."""
        if prepared.exception() is not None:
            return []
        results = []
        for configuration in self._configurations:
            try:
                results.append(self._segment(prepared.result(), configuration))
            except Exception as error:
                stage = StageName("segment", configuration.preset.name)
                self._context.blame(RecordName("video", name), stage, error)
        self._drop_weights(prepared.result(), {result.preset for result in results})
        self._context.end(RecordName("video", name))
        return results

    def _drop_weights(self, video: PreparedVideo, done: Collection[str]) -> None:
        keep = self._parameters.keep_weights
        unneeded = droppable_weights(
            video, self._run.configurations, self._parents.ready(), done, keep
        )
        self._dropper.drop(RecordName("video", video.name), unneeded)

    def _segment(self, video: PreparedVideo, configuration: Configuration) -> VideoResult:
        context, preset = self._context, configuration.preset
        weights = self._weights(video, configuration)
        prediction = self._stages.call(
            stages.segment,
            context,
            video,
            weights,
            preset,
            configuration.compute,
            self._parameters.checkpoint_frames,
        )
        evaluation = None
        if self._parameters.reaches("evaluate"):
            protocol = protocol_of(self._parameters.dataset)
            evaluation = self._stages.call(
                stages.evaluate, context, video, prediction, preset.name, protocol
            )
        return VideoResult(video, preset.name, prediction, evaluation)

    def _weights(self, video: PreparedVideo, configuration: Configuration) -> dict[int, str]:
        preset = configuration.preset
        if preset.network is None:
            return {}
        parent = self._parent(video, preset.name)
        weights = finetuned_keys(video, parent, configuration)
        if preset.finetune is None:
            return dict(weights)
        prediction = prediction_key(video, weights, preset, configuration.compute)
        needed = not self._context.store.exists(PREDICTIONS, prediction)
        if needed:
            self._announce(video, preset.name, weights, prediction)
        calls = [
            (self._context, video, object_id, parent, preset, configuration.compute, needed)
            for object_id in video.objects
        ]
        made = self._stages.call_each(stages.finetune, calls)
        return dict(zip(video.objects, made, strict=True))

    def _announce(
        self, video: PreparedVideo, preset: str, weights: Mapping[int, str], prediction: str
    ) -> None:
        """Have the stages that follow each other now in the ledger, in one piece."""
        coming = {
            StageName("finetune", preset, object_id): (FINETUNED, key)
            for object_id, key in weights.items()
        }
        coming[StageName("segment", preset)] = (PREDICTIONS, prediction)
        if self._parameters.reaches("evaluate"):
            protocol = protocol_of(self._parameters.dataset)
            key = evaluation_key(video, prediction, protocol)
            coming[StageName("evaluate", preset)] = (EVALUATIONS, key)
        self._context.announce(RecordName("video", video.name), coming)

    def _parent(self, video: PreparedVideo, preset: str) -> str:
        try:
            return self._parents.key(preset)
        except TaskError:
            record, stage = RecordName("video", video.name), StageName("segment", preset)
            with self._context.stage(record, stage):
                raise


def _waits_for_a_parent(configuration: Configuration) -> bool:
    return configuration.preset.network is not None


def _work(source: SourceVideo) -> int:
    """Longest first, so that no long video is left for the end."""
    try:
        return source.frame_count
    except StorageError:
        return 0  # it fails by itself, when its turn comes
