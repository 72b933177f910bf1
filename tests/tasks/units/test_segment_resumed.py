"""Segmentation whose process is killed resumes in another process, with the same result."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from maskrnn_core.options import ComputeOptions
from storage.kinds.checkpoints import PARENTS, save_checkpoint
from storage.kinds.predictions import PREDICTIONS, StoredPrediction
from storage.store.artifacts import ArtifactStore
from tasks import units
from tasks.inputs.configuration import configure
from tests.tasks.units.prepared_video import EVERY, FRAMES, OPTIONS, content, prepared

ROOT = Path(__file__).resolve().parents[3]

# Segments, notes every tracked frame in a file, and is killed after `steps` of them.
_SEGMENT = """
import os, signal, sys
from maskrnn_core.inference.tracker import Tracker
from maskrnn_core.options import ComputeOptions
from tasks import units
from tasks.inputs.configuration import configure
from tests.tasks.units.prepared_video import EVERY, OPTIONS, prepared

url, steps = sys.argv[1], int(sys.argv[2])
step, done = Tracker.step, []

def counted(self, *args):
    if len(done) == steps:
        os.kill(os.getpid(), signal.SIGKILL)
    done.append(1)
    with open(f"{url}/steps", "a") as file:
        file.write("x")
    return step(self, *args)

Tracker.step = counted
video = prepared(url)
weights = dict.fromkeys(video.objects, "p")
compute = ComputeOptions(device="cpu", threads=1)
units.segment(url, "k", video, weights, configure("small", OPTIONS).preset, compute, EVERY)
"""


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    """A store with a video of several objects, its flow, and an untrained network."""
    import torch

    from maskrnn_core.networks import build_network, weights_of

    opened = ArtifactStore(str(tmp_path))
    network = configure("small", OPTIONS).preset.network
    assert network is not None
    torch.manual_seed(0)
    weights = weights_of(build_network(network))
    save_checkpoint(opened, PARENTS, "p", weights, {})
    prepared(opened.url)
    return opened


def steps(store: ArtifactStore) -> int:
    return len((Path(store.url) / "steps").read_text())


@pytest.mark.timeout(300)
def test_killed_twice_it_costs_the_frames_since_the_last_checkpoints(store: ArtifactStore) -> None:
    video = prepared(store.url)
    weights = dict.fromkeys(video.objects, "p")
    compute = ComputeOptions(device="cpu", threads=1)
    preset = configure("small", OPTIONS).preset
    units.segment(store.url, "undisturbed", video, weights, preset, compute)
    for limit, code in ((12, -9), (7, -9), (FRAMES, 0)):
        done = subprocess.run(
            [sys.executable, "-c", _SEGMENT, store.url, str(limit)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=False,
        )
        assert done.returncode == code
        assert store.exists(PREDICTIONS, "k") == (code == 0)
    # Frames 1 to 12, then 10 to 16, then 15 to 22; the first frame is given.
    assert steps(store) == 12 + 7 + 8
    twice = steps(store) - (FRAMES - 1)
    assert twice <= 2 * EVERY
    assert content(store, "k") == content(store, "undisturbed")
    assert StoredPrediction(store, "k").frame_count == FRAMES
    assert np.array_equal(
        StoredPrediction(store, "k").boxes, StoredPrediction(store, "undisturbed").boxes
    )
    assert store.unfinished(PREDICTIONS) == {}
