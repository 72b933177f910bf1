"""Offline training of a parent network, and what it starts from."""

import dataclasses
import time
from collections.abc import Sequence

from maskrnn_core.options import ComputeOptions, Preset
from storage.artifacts import ArtifactStore
from storage.checkpoints import PARENTS, save_checkpoint
from storage.stored_video import open_video
from tasks.keys import PreparedVideo
from tasks.starting_weights import start_from_vgg16
from tasks.units.threads import whole_machine


def train(
    store_url: str,
    key: str,
    videos: Sequence[PreparedVideo],
    preset: Preset,
    compute: ComputeOptions,
    initial: str | None,
) -> None:
    """Train on all videos and write a checkpoint of kind "parents".

    Args:
        store_url: the store.
        key: of the checkpoint.
        videos: training videos with their flow.
        preset: network and offline stages.
        compute: device, precision, threads; all cores but one unless a number is given.
        initial: as `tasks.starting_weights` takes it; None starts from random weights.
    """
    from maskrnn_core.training.parent import train_parent

    store = ArtifactStore(store_url)
    if store.exists(PARENTS, key):
        return
    started = time.perf_counter()
    compute = whole_machine(compute)
    trained = train_parent(
        [open_video(store, video.key, video.flow_key) for video in videos],
        preset,
        compute,
        None if initial is None else start_from_vgg16(initial, preset),
    )
    metadata = {
        "preset": dataclasses.asdict(preset),
        "compute": dataclasses.asdict(compute),
        "videos": [video.name for video in videos],
        "initial": "random" if initial is None else initial,
        "seconds": time.perf_counter() - started,
    }
    curve = [dataclasses.asdict(point) for point in trained.curve]
    save_checkpoint(store, PARENTS, key, trained.weights, metadata, curve)
