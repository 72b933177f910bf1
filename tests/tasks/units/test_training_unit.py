"""The training unit is killed repeatedly; the weights equal those of an undisturbed training."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from maskrnn_core.options import ComputeOptions
from maskrnn_core.training.curve import CurvePoint
from storage.errors import StoreFullError
from storage.kinds.checkpoints import PARENTS, load_checkpoint, load_curve
from storage.kinds.training_states import TRAINING
from storage.kinds.videos import video_key
from storage.store.artifacts import ArtifactStore
from tasks import units
from tasks.errors import ParameterError, TrainingProcessError
from tasks.inputs.configuration import configure
from tasks.inputs.flow_method import flow_method
from tasks.inputs.sources import DatasetSpec, open_source
from tasks.training.saved_training import SavedTraining
from tasks.training.training_run import TrainingRun
from tasks.units.train import train
from tests.flows.tiny import OVERRIDES
from tests.tasks.units.saving_trainer import (
    COMPUTE,
    prepared_video,
    train_and_save_every_step,
)

pytestmark = pytest.mark.timeout(240)
ROOT = Path(__file__).resolve().parents[3]

# Trains as a worker does, saving at every step; tells every step that it took.
_TRAINER = """
import sys
from tests.tasks.units.saving_trainer import print_step, train_and_save_every_step

train_and_save_every_step(*sys.argv[1:], tell=print_step)
"""


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> tuple[ArtifactStore, str]:
    """A store with one video and its flow, and the video's key."""
    store = ArtifactStore(str(tmp_path_factory.mktemp("store")))
    spec = DatasetSpec("synthetic", synthetic=configure("small", OVERRIDES).synthetic)
    key = video_key(open_source(spec, "val-001"), None)
    units.ingest(store.url, key, spec, "val-001", None)
    units.estimate_flow(store.url, "f", key, flow_method("dis-ultrafast"), COMPUTE)
    return store, key


def _train(store: ArtifactStore, key: str, video: str) -> TrainingRun:
    return train_and_save_every_step(store.url, key, video, lambda *_: None)


def _kill_after(store: ArtifactStore, key: str, video: str, step: str, delay: float) -> None:
    command = [sys.executable, "-c", _TRAINER, store.url, key, video]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while (told := process.stdout.readline()) != f"{step}\n":
            assert told, f"it ended before step {step}"
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)


def _saved_steps(store: ArtifactStore) -> int:
    return max(int(name.split(".")[-1]) for name in store.keys(TRAINING))


def test_killed_at_random_steps(ready: tuple[ArtifactStore, str]) -> None:
    store, video = ready
    assert _train(store, "whole", video).steps == 26
    rng = np.random.default_rng(20171204)
    # Somewhere in the static stage, then in the recurrent one; while it saves, or in the next step.
    _kill_after(store, "killed", video, f"static {rng.integers(2, 9)}", rng.uniform(0, 0.05))
    assert 4 <= _saved_steps(store) < 14
    _kill_after(store, "killed", video, f"recurrent {rng.integers(2, 9)}", rng.uniform(0, 0.05))
    assert not store.exists(PARENTS, "killed")
    left = _saved_steps(store)
    assert 14 <= left < 26
    run = _train(store, "killed", video)
    assert (run.steps, run.resumed, run.note) == (26 - left, left, "")

    whole, _ = load_checkpoint(store, PARENTS, "whole")
    killed, metadata = load_checkpoint(store, PARENTS, "killed")
    assert whole.keys() == killed.keys()
    assert all(whole[name].tobytes() == killed[name].tobytes() for name in whole)
    curves = [load_curve(store, PARENTS, key) for key in ("whole", "killed")]
    losses = [[(point["step"], point["loss"]) for point in curve] for curve in curves]
    assert losses[0] == losses[1]
    assert 0 < metadata["waiting"] < 1
    assert store.keys(TRAINING) == []


def _interrupt(store: ArtifactStore, key: str, video: str) -> Path:
    """Leave a training at its fourth static step; the folder of its state."""

    def stop(point: CurvePoint, steps: int) -> None:
        if point.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_and_save_every_step(store.url, key, video, stop)
    (name,) = store.keys(TRAINING)
    return Path(store.location(TRAINING, name))


def _leave_damaged_state(store: ArtifactStore, key: str, video: str) -> None:
    state = _interrupt(store, key, video) / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-100])


def test_a_damaged_state_is_told_and_not_used(
    ready: tuple[ArtifactStore, str], caplog: pytest.LogCaptureFixture
) -> None:
    store, video = ready
    _leave_damaged_state(store, "damaged", video)
    run = _train(store, "damaged", video)
    assert (run.steps, run.resumed) == (26, 0)
    assert "starts from the beginning" in run.note
    assert "state.safetensors differs from what was written" in run.note
    assert run.note in caplog.text
    assert store.keys(TRAINING) == []


def test_one_of_several_processes_removes_a_damaged_state(
    ready: tuple[ArtifactStore, str],
) -> None:
    store, video = ready
    _leave_damaged_state(store, "shared", video)
    other = SavedTraining(store, "shared", is_owner=False)
    assert (other.load(), other.note) == (None, "")
    owner = SavedTraining(store, "shared")
    assert owner.load() is None
    assert "starts from the beginning" in owner.note
    assert (other.load(), other.note) == (None, "")


def test_another_training_does_not_take_it(ready: tuple[ArtifactStore, str]) -> None:
    store, video = ready
    _interrupt(store, "one", video)
    assert _train(store, "other", video).resumed == 0
    assert _train(store, "one", video).resumed == 5


def test_no_room_for_a_state_does_not_end_the_training(
    ready: tuple[ArtifactStore, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise StoreFullError("No space left")

    store, video = ready
    monkeypatch.setattr("tasks.training.saved_training.save_training_state", full)
    run = _train(store, "full", video)
    assert run.steps == 26
    assert run.note == "the training could not be saved at step 26: No space left"
    assert store.exists(PARENTS, "full")


IN_TWO = ComputeOptions(device="cpu", threads=1, processes=2)


def test_a_training_in_two_processes(ready: tuple[ArtifactStore, str]) -> None:
    store, video = ready
    preset = configure(
        "small", {**OVERRIDES, "static.accumulate": "2", "recurrent.accumulate": "2"}
    ).preset
    videos = [prepared_video(store, video)]
    run = train(store.url, "two", videos, preset, IN_TWO, None)
    assert (run.steps, run.note) == (5, "")
    train(store.url, "alone", videos, preset, COMPUTE, None)
    two, metadata = load_checkpoint(store, PARENTS, "two")
    alone, _ = load_checkpoint(store, PARENTS, "alone")
    assert metadata["compute"]["processes"] == 2
    for name, value in alone.items():
        np.testing.assert_allclose(two[name], value, rtol=0, atol=1e-6)


def test_what_the_first_process_logs_is_logged_here(
    ready: tuple[ArtifactStore, str], caplog: pytest.LogCaptureFixture
) -> None:
    store, video = ready
    _leave_damaged_state(store, "told", video)
    preset = configure("small", {**OVERRIDES, "static.accumulate": "2", "recurrent": "none"}).preset
    caplog.set_level("INFO")
    run = train(store.url, "told", [prepared_video(store, video)], preset, IN_TWO, None)
    assert "state.safetensors differs from what was written" in run.note
    assert caplog.messages.count(run.note) == 1


def test_processes_that_cannot_share_the_batches(ready: tuple[ArtifactStore, str]) -> None:
    store, video = ready
    preset = configure("small", OVERRIDES).preset
    with pytest.raises(TrainingProcessError, match=r"static\.accumulate to a multiple of 2"):
        train(store.url, "uneven", [prepared_video(store, video)], preset, IN_TWO, None)
    assert not store.exists(PARENTS, "uneven")


def test_more_processes_than_devices(
    ready: tuple[ArtifactStore, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, video = ready
    monkeypatch.setenv("MASKRNN_DEVICES", "0")
    preset = configure("small", OVERRIDES).preset
    compute = ComputeOptions(processes=2)
    with pytest.raises(ParameterError, match="processes=2, but this machine has 1 CUDA"):
        train(store.url, "many", [prepared_video(store, video)], preset, compute, None)
