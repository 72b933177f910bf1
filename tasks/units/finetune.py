"""Finetunes the parent online to one object of one video."""

import dataclasses
import time

from maskrnn_core.options import ComputeOptions, Preset
from storage.kinds.checkpoints import FINETUNED, PARENTS, load_checkpoint, save_checkpoint
from storage.kinds.stored_video import open_video
from storage.store.artifacts import ArtifactStore
from tasks.keys import PreparedVideo
from tasks.progress_lines import step_progress
from tasks.units.threads import shared_machine


def finetune(
    store_url: str,
    key: str,
    video: PreparedVideo,
    object_id: int,
    parent: str,
    preset: Preset,
    compute: ComputeOptions,
) -> None:
    """Write a checkpoint of kind "finetuned".

    Args:
        store_url: the store.
        key: key of the checkpoint.
        video: the video with its optical flow.
        object_id: label of the object.
        parent: key of the parent's checkpoint.
        preset: network and finetuning options.
        compute: device, precision, threads.
    """
    from maskrnn_core.training.finetuning import finetune as finetune_network

    store = ArtifactStore(store_url)
    if store.exists(FINETUNED, key):
        return
    started = time.perf_counter()
    compute = shared_machine(compute)
    weights, _ = load_checkpoint(store, PARENTS, parent)
    stored = open_video(store, video.key, video.flow_key)
    tell = step_progress()
    trained = finetune_network(stored, object_id, weights, preset, compute, tell)
    metadata = {
        "video": video.name,
        "object": object_id,
        "parent": parent,
        "preset": dataclasses.asdict(preset),
        "compute": dataclasses.asdict(compute),
        "seconds": time.perf_counter() - started,
    }
    curve = [dataclasses.asdict(point) for point in trained.curve]
    save_checkpoint(store, FINETUNED, key, trained.weights, metadata, curve)
