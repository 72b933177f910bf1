"""Trains a parent network offline, from random weights or given ones."""

from collections.abc import Sequence

from maskrnn_core.options import ComputeOptions, Preset
from storage.kinds.checkpoints import PARENTS
from storage.store.artifacts import ArtifactStore
from tasks.keys import PreparedVideo
from tasks.training.training_processes import train_in_processes
from tasks.training.training_run import TrainingJob, TrainingRun, train_job
from tasks.units.threads import whole_machine


def train(
    store_url: str,
    key: str,
    videos: Sequence[PreparedVideo],
    preset: Preset,
    compute: ComputeOptions,
    initial: str | None,
    static: str | None = None,
) -> TrainingRun:
    """Train on all videos and write a checkpoint of kind "parents".

    Args:
        store_url: the store.
        key: key of the checkpoint.
        videos: training videos with their optical flow.
        preset: network and offline stages.
        compute: device, precision, processes, threads; all cores but one unless a number is given.
        initial: as `tasks.inputs.starting_weights` takes it; None starts from random weights.
        static: key of the parent that the static stage alone makes, which may already exist.

    Raises:
        ParameterError: there are more processes than CUDA devices.
        TrainingProcessError: one of several processes failed.
    """
    if ArtifactStore(store_url).exists(PARENTS, key):
        return TrainingRun()
    job = TrainingJob(store_url, key, videos, preset, whole_machine(compute), initial, static)
    return train_job(job) if compute.processes == 1 else train_in_processes(job)
