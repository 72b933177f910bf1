"""Offline training of a parent network, and what it starts from."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from maskrnn_core.options import ComputeOptions, Preset
from storage.artifacts import ArtifactStore
from storage.checkpoints import PARENTS, save_checkpoint
from storage.stored_video import open_video
from tasks.keys import PreparedVideo
from tasks.starting_weights import start_from_vgg16
from tasks.units.threads import whole_machine


@dataclass(frozen=True)
class TrainingRun:
    """What a call of `train` did.

    Args:
        steps: optimizer steps that it took.
        resumed: steps that an interrupted training had left.
        waiting: share of the time, in [0, 1], that all of them waited for data.
        note: what went wrong with saved states; empty where nothing did.
    """

    steps: int = 0
    resumed: int = 0
    waiting: float = 0.0
    note: str = ""


def train(
    store_url: str,
    key: str,
    videos: Sequence[PreparedVideo],
    preset: Preset,
    compute: ComputeOptions,
    initial: str | None,
) -> TrainingRun:
    """Train on all videos and write a checkpoint of kind "parents".

    The training is saved about once a minute, and taken up again where a former one under the same
    key was interrupted.

    Args:
        store_url: the store.
        key: of the checkpoint.
        videos: training videos with their flow.
        preset: network and offline stages.
        compute: device, precision, threads; all cores but one unless a number is given.
        initial: as `tasks.starting_weights` takes it; None starts from random weights.
    """
    from maskrnn_core.training.curve import total_seconds, wait_share
    from maskrnn_core.training.parent import train_parent
    from tasks.saved_training import SavedTraining

    store = ArtifactStore(store_url)
    if store.exists(PARENTS, key):
        return TrainingRun()
    compute = whole_machine(compute)
    saved = SavedTraining(store, key)
    trained = train_parent(
        [open_video(store, video.key, video.flow_key) for video in videos],
        preset,
        compute,
        None if initial is None else start_from_vgg16(initial, preset),
        states=saved,
    )
    waiting = wait_share(trained.curve)
    metadata = {
        "preset": dataclasses.asdict(preset),
        "compute": dataclasses.asdict(compute),
        "videos": [video.name for video in videos],
        "initial": "random" if initial is None else initial,
        "seconds": total_seconds(trained.curve),
        "waiting": waiting,
    }
    curve = [dataclasses.asdict(point) for point in trained.curve]
    save_checkpoint(store, PARENTS, key, trained.weights, metadata, curve)
    saved.forget()
    return TrainingRun(len(curve) - saved.resumed, saved.resumed, waiting, saved.note)
