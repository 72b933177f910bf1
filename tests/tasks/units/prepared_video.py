"""A generated video prepared for segmentation, and the files of its prediction."""

from pathlib import Path

from maskrnn_core.options import ComputeOptions
from storage.kinds.predictions import PREDICTIONS
from storage.kinds.stored_video import open_video
from storage.kinds.videos import video_key
from storage.store.artifacts import ArtifactStore
from tasks import units
from tasks.inputs.configuration import configure
from tasks.inputs.flow_method import flow_method
from tasks.inputs.sources import DatasetSpec, open_source
from tasks.keys import PreparedVideo
from tests.flows.tiny import OVERRIDES

FRAMES, EVERY = 23, 5
OPTIONS = {**OVERRIDES, "synthetic.frames_val": str(FRAMES), "finetune": "none"}


def prepared(url: str) -> PreparedVideo:
    """A generated video and its flow, in the store when this returns."""
    store = ArtifactStore(url)
    spec = DatasetSpec("synthetic", synthetic=configure("small", OPTIONS).synthetic)
    key = video_key(open_source(spec, "val-001"), None)
    compute = ComputeOptions(device="cpu", threads=1)
    units.ingest(url, key, spec, "val-001", None)
    units.estimate_flow(url, "f", key, flow_method("dis-ultrafast"), compute)
    stored = open_video(store, key)
    return PreparedVideo(
        stored.name, key, stored.content_digest, "f", stored.objects, stored.frame_count
    )


def content(store: ArtifactStore, key: str) -> dict[str, bytes]:
    """Every file except the marker, which contains a time."""
    place = Path(store.location(PREDICTIONS, key))
    return {
        str(path.relative_to(place)): path.read_bytes()
        for path in place.rglob("*")
        if path.is_file() and path.name != "complete.json"
    }
