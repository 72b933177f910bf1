"""The training unit, with a state saved at every step."""

import pytest

from maskrnn_core.options import ComputeOptions
from maskrnn_core.training import recorder
from maskrnn_core.training.curve import CurvePoint, OnStep
from storage.kinds.stored_video import open_video
from storage.store.artifacts import ArtifactStore
from tasks.inputs.configuration import configure
from tasks.keys import PreparedVideo
from tasks.training import training_run as training
from tasks.training.training_run import TrainingRun
from tasks.units.train import train
from tests.flows.tiny import OVERRIDES

COMPUTE = ComputeOptions(device="cpu", threads=1)
STEPS = {"static.steps": "12", "recurrent.steps": "12", "static.batch_size": "2"}


def print_step(point: CurvePoint, steps: int) -> None:
    print(point.stage, point.step, flush=True)


def train_and_save_every_step(url: str, key: str, video_key: str, tell: OnStep) -> TrainingRun:
    """The unit, with `tell` called after each step."""
    store = ArtifactStore(url)
    prepared = prepared_video(store, video_key)
    preset = configure("small", {**OVERRIDES, **STEPS}).preset
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "SAVE_SECONDS", 0.0)
        patch.setattr(recorder, "SAVE_SHARE", 1e9)
        patch.setattr(training, "step_progress", lambda: tell)
        return train(url, key, [prepared], preset, COMPUTE, None)


def prepared_video(store: ArtifactStore, key: str) -> PreparedVideo:
    video = open_video(store, key)
    return PreparedVideo(
        video.name, key, video.content_digest, "f", video.objects, video.frame_count
    )
