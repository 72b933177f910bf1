"""Finetunes the parent online to one object of one video, on all masks that are given of it."""

import dataclasses
import time

from maskrnn_core.options import ComputeOptions, Preset
from storage.kinds.checkpoints import FINETUNED, PARENTS, load_checkpoint, save_checkpoint
from storage.store.artifacts import ArtifactStore
from tasks.keys import PreparedVideo
from tasks.progress_lines import step_progress
from tasks.units.given_video import GivenVideo, open_given
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
        parent: key of the parent's checkpoint; the weights of a result that is corrected, if they
            were kept, take its place.
        preset: network and finetuning options.
        compute: device, precision, threads.
    """
    from maskrnn_core.training.finetuning import finetune as finetune_network

    store = ArtifactStore(store_url)
    if store.exists(FINETUNED, key):
        return
    started = time.perf_counter()
    compute = shared_machine(compute)
    before = video.weights_before(object_id)
    start = (PARENTS, parent) if before is None else (FINETUNED, before)
    weights, _ = load_checkpoint(store, *start)
    opened = open_given(store, video)
    frames = opened.frames_of(object_id) if isinstance(opened, GivenVideo) else None
    tell = step_progress()
    trained = finetune_network(opened, object_id, weights, preset, compute, tell, frames)
    metadata = {
        "video": video.name,
        "object": object_id,
        "parent": parent,
        "started_from": before,
        "frames": frames,
        "preset": dataclasses.asdict(preset),
        "compute": dataclasses.asdict(compute),
        "seconds": time.perf_counter() - started,
    }
    curve = [dataclasses.asdict(point) for point in trained.curve]
    save_checkpoint(store, FINETUNED, key, trained.weights, metadata, curve)
