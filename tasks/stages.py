"""The stages as Prefect tasks: thin, each takes a run's context and returns the key it obtained.

No result is persisted and nothing is retried here: artifacts are the cache, and a bad video is
bad the second time too.
"""

import dataclasses
import logging
from collections.abc import Mapping, Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from maskrnn_core.options import ComputeOptions, Preset
from storage.checkpoints import FINETUNED, PARENTS
from storage.datasets.source import SourceVideo
from storage.flow import FLOW, FlowWrite, repair_flow
from storage.predictions import PREDICTIONS
from storage.videos import VIDEOS, video_key
from tasks import keys, units
from tasks.flow_method import FlowMethod
from tasks.foresight import prepared_video
from tasks.keys import PreparedVideo
from tasks.run_context import RunContext
from tasks.sources import DatasetSpec
from tasks.starting_weights import starting_digest
from tasks.training import TrainingRun
from tasks.weights_policy import DROPPED

logger = logging.getLogger("maskrnn.run")


@task(
    name="ingest",
    task_run_name="ingest {record}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
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
        return stage.obtain(
            VIDEOS, key, units.ingest, spec, source.name, short_side, resource="CPU"
        )


@task(
    name="flow",
    task_run_name="flow {record}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
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


@task(
    name="train",
    task_run_name="train {preset.name}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def train(
    context: RunContext,
    videos: Sequence[PreparedVideo],
    preset: Preset,
    compute: ComputeOptions,
    initial: str | None,
) -> str:
    """Offline training; returns the parent's key."""
    with context.stage(parent_record(preset), "train") as stage:
        start = None if initial is None else starting_digest(initial)
        key = keys.parent_key(videos, preset, compute, start)
        stage.obtain(
            PARENTS, key, units.train, list(videos), preset, compute, initial, resource="GPU"
        )
        if isinstance(stage.value, TrainingRun):
            stage.note = stage.value.note
            stage.figures = {
                name: float(getattr(stage.value, name)) for name in ("steps", "resumed", "waiting")
            }
        return key


@task(
    name="finetune",
    task_run_name="finetune {video.name}/{object_id}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
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


@task(
    name="segment",
    task_run_name="segment {video.name} by {preset.name}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
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


@task(
    name="evaluate",
    task_run_name="evaluate {video.name} by {preset}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
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
