"""A recurrent stage that starts from a parent of the static stage, which another preset made."""

from pathlib import Path

import numpy as np
import pytest

from maskrnn_core.options import ComputeOptions, Preset
from storage.kinds.checkpoints import PARENTS, load_checkpoint, load_curve
from storage.kinds.stored_video import open_video
from storage.kinds.videos import video_key
from storage.store.artifacts import ArtifactStore
from tasks import units
from tasks.inputs.configuration import configure
from tasks.inputs.flow_method import flow_method
from tasks.inputs.sources import DatasetSpec, open_source
from tasks.keys import PreparedVideo
from tasks.training.training_run import TrainingRun
from tests.flows.tiny import OVERRIDES

COMPUTE = ComputeOptions(device="cpu", threads=1)


@pytest.mark.timeout(240)
def test_the_weights_are_those_of_one_training_and_no_static_step_is_repeated(
    tmp_path: Path,
) -> None:
    store = ArtifactStore(str(tmp_path))
    whole = configure("small", OVERRIDES)
    static_only = configure("small", {**OVERRIDES, "recurrent": "none"})
    spec = DatasetSpec("synthetic", synthetic=whole.synthetic)
    key = video_key(open_source(spec, "val-000"), None)
    units.ingest(store.url, key, spec, "val-000", None)
    units.estimate_flow(store.url, "f", key, flow_method("dis-ultrafast"), COMPUTE)
    known = open_video(store, key)
    video = PreparedVideo(
        known.name, key, known.content_digest, "f", known.objects, known.frame_count
    )

    def train(name: str, preset: Preset, static: str | None) -> TrainingRun:
        return units.train(store.url, name, [video], preset, COMPUTE, None, static)

    assert train("static", static_only.preset, None).steps == 4
    alone = train("alone", whole.preset, "missing")
    assert (alone.steps, alone.resumed) == (5, 0)
    shared = train("shared", whole.preset, "static")
    assert (shared.steps, shared.resumed) == (1, 4)

    expected, _ = load_checkpoint(store, PARENTS, "alone")
    found, _ = load_checkpoint(store, PARENTS, "shared")
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[name], expected[name]) for name in expected)
    stages = [point["stage"] for point in load_curve(store, PARENTS, "shared")]
    assert stages == ["localization"] * 2 + ["static"] * 2 + ["recurrent"]
