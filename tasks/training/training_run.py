"""Carries out one training from stored videos to a checkpoint, alone or as one process of many."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from maskrnn_core.options import ComputeOptions, Preset
from storage.kinds.checkpoints import PARENTS, save_checkpoint
from storage.kinds.stored_video import open_video
from storage.store.artifacts import ArtifactStore
from tasks.inputs.starting_weights import starting_weights
from tasks.keys import PreparedVideo
from tasks.progress_lines import step_progress

if TYPE_CHECKING:
    from maskrnn_core.training.distributed import Peers


@dataclass(frozen=True)
class TrainingRun:
    """What a training did.

    Args:
        steps: optimizer steps that it took.
        resumed: steps done before, by an interrupted training or one of the static stage alone.
        waiting: share of the time, in [0, 1], that was spent waiting for data.
        note: problems with saved states; empty if there were none.
    """

    steps: int = 0
    resumed: int = 0
    waiting: float = 0.0
    note: str = ""


@dataclass(frozen=True)
class TrainingJob:
    """What to train, and where to; small, because it travels between processes.

    Args:
        store_url: the store.
        key: of the checkpoint.
        videos: training videos with their optical flow.
        preset: network and offline stages.
        compute: device, precision, threads of each process.
        initial: as `tasks.inputs.starting_weights` takes it; None starts from random weights.
        static: key of the parent that the static stage alone makes, which may already exist.
    """

    store_url: str
    key: str
    videos: Sequence[PreparedVideo]
    preset: Preset
    compute: ComputeOptions
    initial: str | None
    static: str | None = None


def train_job(job: TrainingJob, peers: "Peers | None" = None) -> TrainingRun:
    """Train, and write the checkpoint (of kind "parents") unless another process writes it.

    The training is saved about once a minute. It continues where a former one under the same key
    was interrupted.

    Args:
        job: what to train.
        peers: the processes that share it; None if there is only this one.
    """
    from maskrnn_core.training.curve import total_seconds, wait_share
    from maskrnn_core.training.distributed import ALONE
    from maskrnn_core.training.parent import train_parent
    from tasks.training.saved_training import SavedTraining

    store = ArtifactStore(job.store_url)
    peers = peers or ALONE
    saved = SavedTraining(store, job.key, job.static, is_owner=peers.rank == 0)
    trained = train_parent(
        [open_video(store, video.key, video.flow_key) for video in job.videos],
        job.preset,
        job.compute,
        None if job.initial is None else starting_weights(job.initial, job.preset, store),
        on_step=step_progress() if peers.rank == 0 else None,
        states=saved,
        peers=peers,
    )
    waiting = wait_share(trained.curve)
    run = TrainingRun(len(trained.curve) - saved.resumed, saved.resumed, waiting, saved.note)
    if peers.rank == 0:
        metadata = {
            "preset": dataclasses.asdict(job.preset),
            "compute": dataclasses.asdict(job.compute),
            "videos": [video.name for video in job.videos],
            "initial": "random" if job.initial is None else job.initial,
            "seconds": total_seconds(trained.curve),
            "waiting": waiting,
        }
        curve = [dataclasses.asdict(point) for point in trained.curve]
        save_checkpoint(store, PARENTS, job.key, trained.weights, metadata, curve)
        saved.forget()
    return run
