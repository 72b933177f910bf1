"""Units with a tracker of another package: stored frames and streams agree, and resume."""

from pathlib import Path

import numpy as np
import pytest

from maskrnn_core.options import ComputeOptions, Preset
from storage.kinds.prediction_writer import PredictionWriter
from storage.kinds.predictions import PREDICTIONS, StoredPrediction
from storage.kinds.stored_video import open_video
from storage.kinds.videos import video_key
from storage.store.artifacts import ArtifactStore
from tasks import units
from tasks.clip import StreamOptions
from tasks.inputs.configuration import configure
from tasks.inputs.sources import DatasetSpec, open_source
from tasks.keys import PreparedVideo
from tests.tasks.streaming.clips import scenes, write_clip
from tests.tasks.units.streams import METHOD, stream
from tests.tracker_packages import install_example, install_module

CPU = ComputeOptions(device="cpu", threads=1)
BARE = """
from maskrnn_template_tracker import PatchTracker

class Bare:
    def __init__(self, search: int = 12):
        self._tracker = PatchTracker(search)
        self.digest = "bare"

    def step(self, frame, mask=None):
        return self._tracker.step(frame, mask)
"""


@pytest.fixture(params=["patch", "bare"])
def chosen(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Preset:
    """A tracker with a state of its own, and one without."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    install_example(site, "template")
    install_module(site, "bare_tracker", BARE, {"bare": "Bare"})
    return configure(request.param, {"tracker.search": "5"}).preset


@pytest.mark.parametrize("short_side", [None, 32])
def test_the_same_from_stored_frames_and_as_a_stream(
    tmp_path: Path, chosen: Preset, short_side: int | None
) -> None:
    store = ArtifactStore(str(tmp_path / "store"))
    clip = write_clip(tmp_path / "clip", [scenes(1, 6)[0]], [0])
    spec = DatasetSpec("video", root=clip.video, masks=clip.masks)
    key = video_key(open_source(spec, "clip"), short_side)
    units.ingest(store.url, key, spec, "clip", short_side)
    found = open_video(store, key)
    video = PreparedVideo("clip", key, found.content_digest, "f", found.objects, 6)
    units.estimate_flow(store.url, "f", key, METHOD, CPU)
    units.segment(store.url, "stored", video, {}, chosen, CPU)
    stream(store, clip, preset=chosen, short_side=short_side)
    stored, streamed = StoredPrediction(store, "stored"), StoredPrediction(store, "k")
    for index in range(6):
        np.testing.assert_array_equal(stored.label_map(index), streamed.label_map(index))
        assert stored.label_map(index).any()
    np.testing.assert_array_equal(stored.states, streamed.states)
    np.testing.assert_array_equal(stored.boxes, streamed.boxes)
    metadata = store.open(PREDICTIONS, "k").metadata["preset"]["tracker"]
    assert metadata["options"] == {"search": 5}


def test_a_stream_goes_on_where_it_was_stopped(
    tmp_path: Path, chosen: Preset, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = scenes(2, 6)
    clip = write_clip(tmp_path / "clip", parts, [0, 6])
    store = ArtifactStore(str(tmp_path / "store"))
    soft = StreamOptions(soft_masks=True)
    figures = stream(store, clip, "whole", preset=chosen, options=soft)
    assert figures.shots == 2
    add = PredictionWriter.add

    def failing(self: PredictionWriter, index: int, *values: object) -> None:
        if index == 10:
            raise KeyboardInterrupt
        add(self, index, *values)  # type: ignore[arg-type]

    monkeypatch.setattr(PredictionWriter, "add", failing)
    again = {"preset": chosen, "options": soft, "checkpoint_frames": 3}
    with pytest.raises(KeyboardInterrupt):
        stream(store, clip, "again", **again)
    monkeypatch.setattr(PredictionWriter, "add", add)
    assert stream(store, clip, "again", **again).resumed == 9
    whole, resumed = StoredPrediction(store, "whole"), StoredPrediction(store, "again")
    for index in range(12):
        np.testing.assert_array_equal(whole.label_map(index), resumed.label_map(index))
    np.testing.assert_array_equal(whole.states, resumed.states)
    assert resumed.shots.tolist() == whole.shots.tolist() == [0] * 6 + [1] * 6
