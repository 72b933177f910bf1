"""The estimate of bytes against what is really written."""

from dataclasses import replace
from pathlib import Path

import pytest

from maskrnn_core.options import ComputeOptions, NetworkOptions
from storage.kinds.predictions import PREDICTIONS
from storage.kinds.stored_flow import FLOW
from storage.kinds.stored_video import open_video
from storage.kinds.videos import VIDEOS, video_key
from storage.store.artifacts import ArtifactStore
from tasks import units
from tasks.inputs.configuration import configure
from tasks.inputs.flow_method import flow_method
from tasks.inputs.sources import DatasetSpec, open_source
from tasks.keys import PreparedVideo
from tasks.machine.network_size import weight_bytes
from tasks.machine.space_needed import VideoExtent, mean_extent, stage_bytes


@pytest.mark.parametrize(
    "options",
    [
        NetworkOptions(width=0.25, fc_width=64),
        NetworkOptions(width=0.125, norm="group", fc_width=16),
        NetworkOptions(width=0.25, flow_stream=False, localization=False),
    ],
)
def test_weights(options: NetworkOptions) -> None:
    from maskrnn_core.networks import build_network, weights_of

    size = sum(array.nbytes for array in weights_of(build_network(options)).values())
    assert weight_bytes(options) == pytest.approx(size, rel=0.05)
    assert weight_bytes(None) == 0


def test_what_a_small_run_writes_is_within_a_factor_of_3(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path))
    overrides = {"synthetic.size": "[144, 256]", "synthetic.frames_val": "8"}
    configuration = configure("propagate", overrides)
    spec = DatasetSpec("synthetic", synthetic=configuration.synthetic)
    source = open_source(spec, "val-001")
    key = video_key(source, None)
    compute = ComputeOptions(device="cpu", threads=1)
    units.ingest(store.url, key, spec, source.name, None)
    units.estimate_flow(store.url, "f", key, flow_method("dis-ultrafast"), compute)
    stored = open_video(store, key)
    video = PreparedVideo(
        stored.name, key, stored.content_digest, "f", stored.objects, stored.frame_count
    )
    units.segment(store.url, "s", video, {}, configuration.preset, compute)
    extent = VideoExtent(8, (144, 256), (144, 256), len(stored.objects))
    for stage, kind, name in (("ingest", VIDEOS, key), ("flow", FLOW, "f")):
        written = store.open(kind, name).size
        assert written / 3 < stage_bytes(stage, extent) < 3 * written, stage
    assert store.open(PREDICTIONS, "s").size < stage_bytes("segment", extent)


def test_it_grows_with_what_it_depends_on() -> None:
    small = VideoExtent(10, (100, 200), (100, 200), 2)
    for stage in ("ingest", "flow", "segment", "evaluate"):
        assert stage_bytes(stage, replace(small, frames=20)) > stage_bytes(stage, small)
    network = NetworkOptions()
    assert stage_bytes("train", small, network) == 4 * stage_bytes("finetune", small, network)


def test_the_mean_of_a_sample() -> None:
    extents = [VideoExtent(10, (10, 20), (40, 80), 1), VideoExtent(21, (20, 20), (20, 20), 2)]
    assert mean_extent(extents) == VideoExtent(16, (20, 20), (20, 20), 2)
    with pytest.raises(ValueError, match="no videos"):
        mean_extent([])
