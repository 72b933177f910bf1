"""A clip segmented as a stream, also in a process that is killed."""

from pathlib import Path
from typing import Any

from maskrnn_core.options import Preset
from maskrnn_core.presets import preset
from storage.kinds.checkpoints import PARENTS, save_checkpoint
from storage.store.artifacts import ArtifactStore
from tasks import units
from tasks.clip import StreamedClip, StreamOptions
from tasks.inputs.configuration import configure
from tasks.inputs.flow_method import flow_method
from tests.flows.tiny import OVERRIDES
from tests.tasks.streaming.clips import CPU

ROOT = Path(__file__).resolve().parents[3]
METHOD = flow_method("dis-ultrafast")
TINY = configure("small", OVERRIDES).preset
PROPAGATE = preset("propagate")
CHOSEN: dict[str, Any] = {
    "preset": TINY,
    "parent": "p",
    "checkpoint_frames": 4,
    "options": StreamOptions(soft_masks=True),
}
"""Of the stream that is killed."""


def store_with_parent(folder: Path, chosen: Preset = TINY) -> ArtifactStore:
    """A store with an untrained network, under the key "p"."""
    import torch

    from maskrnn_core.networks import build_network, weights_of

    store = ArtifactStore(str(folder))
    assert chosen.network is not None
    torch.manual_seed(0)
    save_checkpoint(store, PARENTS, "p", weights_of(build_network(chosen.network)), {})
    return store


def stream(
    store: ArtifactStore, clip: StreamedClip, key: str = "k", **changes: Any
) -> units.StreamFigures:
    options: dict[str, Any] = {
        "method": METHOD,
        "parent": None,
        "preset": PROPAGATE,
        "compute": CPU,
        "short_side": None,
        "provenance": {"uri": "s3://films/clip.mkv"},
    }
    return units.segment_stream(store.url, key, clip, **{**options, **changes})


# Streams a clip, and is killed after `steps` frames were tracked.
KILLED_STREAM = """
import os, signal, sys
from maskrnn_core.inference.tracker import Tracker
from storage.store.artifacts import ArtifactStore
from tasks.clip import StreamedClip
from tests.tasks.units.streams import CHOSEN, stream

url, video, masks, steps = *sys.argv[1:4], int(sys.argv[4])
step, done = Tracker.step, []

def counted(self, *args):
    if len(done) == steps:
        os.kill(os.getpid(), signal.SIGKILL)
    done.append(1)
    return step(self, *args)

Tracker.step = counted
clip = StreamedClip(video, masks, "clip")
print(stream(ArtifactStore(url), clip, **CHOSEN).resumed)
"""
