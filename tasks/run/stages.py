"""Defines the stages as thin Prefect tasks: each takes a run's context and returns a key.

Artifacts are the cache, so Prefect persists no result.
"""

import dataclasses
import logging
from collections.abc import Mapping, Sequence

from maskrnn_core.options import ComputeOptions, Preset
from storage.datasets.source import SourceVideo
from storage.kinds.checkpoints import FINETUNED, PARENTS
from storage.kinds.predictions import PREDICTIONS
from storage.kinds.stored_flow import FLOW, FlowWrite
from storage.kinds.videos import VIDEOS, key_in_store
from storage.runs.names import RecordName, StageName
from tasks import keys, units
from tasks.given import GivenSpec
from tasks.inputs.flow_method import FlowMethod
from tasks.inputs.sources import DatasetSpec
from tasks.inputs.starting_weights import starting_digest
from tasks.keys import PreparedVideo
from tasks.plan.dry_plan import prepared_video
from tasks.run.ingest_note import ingest_note
from tasks.run.run_context import RunContext
from tasks.run.stage_task import stage_task
from tasks.run.weights_policy import DROPPED
from tasks.training.training_run import TrainingRun

logger = logging.getLogger("maskrnn.run")


@stage_task("ingest", "ingest {record}")
def ingest(
    context: RunContext,
    spec: DatasetSpec,
    source: SourceVideo,
    short_side: int | None,
    record: RecordName,
) -> str:
    """Copy a video into the store and return its key. `record` is its name in the ledger."""
    with context.stage(record, StageName("ingest")) as stage:
        key = key_in_store(context.store, source, short_side)
        context.found(record, key)
        stage.obtain(VIDEOS, key, units.ingest, spec, source.name, short_side, resource="CPU")
        stage.note = ingest_note(context.store, key)
        if stage.note:
            logger.warning("ingest %s: %s", record, stage.note)
        return key


@stage_task("flow", "flow {record}")
def flow(
    context: RunContext,
    key: str,
    method: FlowMethod,
    compute: ComputeOptions,
    record: RecordName,
    given: GivenSpec = GivenSpec(),  # noqa: B008 (frozen)
) -> PreparedVideo:
    """Estimate optical flow in both directions; return what later stages need of the video."""
    with context.stage(record, StageName("flow")) as stage:
        video = prepared_video(context.store, key, method, compute, given)
        flow_key = video.flow_key
        stage.obtain(
            FLOW, flow_key, units.estimate_flow, key, method, compute, resource=method.resource
        )
        if isinstance(stage.value, FlowWrite):
            stage.figures = dataclasses.asdict(stage.value)
        return video


@stage_task("train", "train {preset.name}")
def train(
    context: RunContext,
    videos: Sequence[PreparedVideo],
    preset: Preset,
    compute: ComputeOptions,
    initial: str | None,
) -> str:
    """Train a parent offline and return its key."""
    with context.stage(RecordName("parent", preset.name), StageName("train")) as stage:
        start = None if initial is None else starting_digest(initial, context.store)
        key = keys.parent_key(videos, preset, compute, start)
        static = None
        if preset.static is not None and preset.recurrent is not None:
            only = dataclasses.replace(preset, recurrent=None)
            static = keys.parent_key(videos, only, compute, start)
        stage.obtain(
            PARENTS,
            key,
            units.train,
            list(videos),
            preset,
            compute,
            initial,
            static,
            resource="GPU",
        )
        if isinstance(stage.value, TrainingRun):
            stage.note = " ".join(note for note in (stage.note, stage.value.note) if note)
            stage.figures = {
                name: float(getattr(stage.value, name)) for name in ("steps", "resumed", "waiting")
            }
        return key


@stage_task("finetune", "finetune {video.name}/{object_id}")
def finetune(
    context: RunContext,
    video: PreparedVideo,
    object_id: int,
    parent: str,
    preset: Preset,
    compute: ComputeOptions,
    needed: bool,
) -> str:
    """Finetune to one object and return the key of its weights.

    Dropped weights are not made again unless they are needed.
    """
    with context.stage(
        RecordName("video", video.name), StageName("finetune", preset.name, object_id)
    ) as stage:
        key = keys.finetuned_key(video, object_id, parent, preset, compute)
        if not needed and not context.store.exists(FINETUNED, key):
            stage.note = DROPPED
            return key
        return stage.obtain(
            FINETUNED,
            key,
            units.finetune,
            video,
            object_id,
            parent,
            preset,
            compute,
            resource="GPU",
        )


@stage_task("segment", "segment {video.name} by {preset.name}")
def segment(
    context: RunContext,
    video: PreparedVideo,
    weights: Mapping[int, str],
    preset: Preset,
    compute: ComputeOptions,
    checkpoint_frames: int,
) -> str:
    """Run recurrent inference and return the prediction's key."""
    with context.stage(RecordName("video", video.name), StageName("segment", preset.name)) as stage:
        key = keys.prediction_key(video, weights, preset, compute)
        return stage.obtain(
            PREDICTIONS,
            key,
            units.segment,
            video,
            dict(weights),
            preset,
            compute,
            checkpoint_frames,
            resource="GPU",
        )


@stage_task("evaluate", "evaluate {video.name} by {preset}")
def evaluate(
    context: RunContext, video: PreparedVideo, prediction: str, preset: str, protocol: str
) -> str:
    """Compute metrics against the annotations by a protocol; return the evaluation's key."""
    with context.stage(RecordName("video", video.name), StageName("evaluate", preset)) as stage:
        key = keys.evaluation_key(video, prediction, protocol)
        return stage.obtain(
            units.EVALUATIONS,
            key,
            units.evaluate,
            video.key,
            prediction,
            protocol,
            resource="CPU",
        )
