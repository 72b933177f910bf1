"""The stages as Prefect tasks: thin, each takes a run's context and returns the key it obtained.

Artifacts are the cache: no result is persisted.
"""

import dataclasses
import logging
from collections.abc import Mapping, Sequence

from maskrnn_core.options import ComputeOptions, Preset
from storage.datasets.source import SourceVideo
from storage.kinds.checkpoints import FINETUNED, PARENTS
from storage.kinds.predictions import PREDICTIONS
from storage.kinds.stored_flow import FLOW, FlowWrite, repair_flow
from storage.kinds.videos import VIDEOS, video_key
from tasks import keys, units
from tasks.inputs.flow_method import FlowMethod
from tasks.inputs.sources import DatasetSpec
from tasks.inputs.starting_weights import starting_digest
from tasks.keys import PreparedVideo
from tasks.plan.dry_plan import prepared_video
from tasks.run.reduction_note import reduction_note
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
    record: str,
) -> str:
    """Bring a video into the store; returns its key. `record` is its name in the ledger."""
    with context.stage(record, "ingest") as stage:
        key = video_key(source, short_side)
        context.found(record, key)
        stage.obtain(VIDEOS, key, units.ingest, spec, source.name, short_side, resource="CPU")
        stage.note = reduction_note(context.store, key)
        if stage.note:
            logger.warning("ingest %s: %s", record, stage.note)
        return key


@stage_task("flow", "flow {record}")
def flow(
    context: RunContext, key: str, method: FlowMethod, compute: ComputeOptions, record: str
) -> PreparedVideo:
    """Optical flow both ways; returns what later stages need of the video.

    Flow that was damaged since is removed and computed again; the stage's note tells so.
    """
    with context.stage(record, "flow") as stage:
        video = prepared_video(context.store, key, method, compute)
        flow_key = video.flow_key
        stage.refers_to(FLOW, flow_key)
        with context.making(FLOW, flow_key):
            damage = repair_flow(context.store, flow_key)
        if damage:
            stage.note = f"damaged flow was removed and computed again: {damage}"
            logger.warning("flow %s: %s", record, stage.note)
        stage.obtain(
            FLOW, flow_key, units.estimate_flow, key, method, compute, resource=method.resource
        )
        if isinstance(stage.value, FlowWrite):
            stage.figures = dataclasses.asdict(stage.value)
        return video


def parent_record(preset: Preset) -> str:
    """Name in the ledger of the parent that a preset trains."""
    return f"parent/{preset.name}"


@stage_task("train", "train {preset.name}")
def train(
    context: RunContext,
    videos: Sequence[PreparedVideo],
    preset: Preset,
    compute: ComputeOptions,
    initial: str | None,
) -> str:
    """Offline training; returns the parent's key."""
    with context.stage(parent_record(preset), "train") as stage:
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
            stage.note = stage.value.note
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
    """Online finetuning to one object; returns the key of its weights.

    Unless they are needed, weights that were dropped are not made again.
    """
    with context.stage(video.name, f"finetune {preset.name}/{object_id}") as stage:
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
    """Recurrent inference; returns the prediction's key."""
    with context.stage(video.name, f"segment {preset.name}") as stage:
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
    """Metrics against the annotations by a protocol; returns the evaluation's key."""
    with context.stage(video.name, f"evaluate {preset}") as stage:
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
