"""Clips segmented while they are decoded: same result as from stored frames, and resumable."""

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from maskrnn_core.inference import TrackState
from maskrnn_core.options import Preset
from storage.errors import DatasetError, StoreFullError
from storage.kinds.checkpoints import FINETUNED, load_checkpoint
from storage.kinds.prediction_writer import PredictionWriter
from storage.kinds.predictions import PREDICTIONS, StoredPrediction
from storage.kinds.stored_video import open_video
from storage.kinds.videos import video_key
from storage.store.artifacts import ArtifactStore
from tasks import keys, units
from tasks.clip import StreamedClip, StreamOptions
from tasks.errors import ParameterError
from tasks.given import GivenSpec, given_masks
from tasks.inputs.sources import DatasetSpec, open_source
from tasks.keys import PreparedVideo
from tasks.streaming.opened_clip import OpenedClip
from tests.tasks.streaming.clips import CPU, scenes, write_clip, write_masks
from tests.tasks.units.prepared_video import content
from tests.tasks.units.streams import (
    CHOSEN,
    KILLED_STREAM,
    METHOD,
    PROPAGATE,
    ROOT,
    TINY,
    store_with_parent,
    stream,
)

assert TINY.network is not None
FLOWLESS = replace(
    TINY,
    network=replace(TINY.network, flow_stream=False, mask_input="previous", localization=False),
    inference=replace(TINY.inference, gate=False, motion_weight=None),
)


def from_stored_frames(
    store: ArtifactStore, clip: StreamedClip, short_side: int | None, chosen: Preset
) -> None:
    """The prediction "stored", by the units that store frames, flow and finetuned weights."""
    spec = DatasetSpec("video", root=clip.video, masks=clip.masks)
    key = video_key(open_source(spec, "clip"), short_side)
    units.ingest(store.url, key, spec, "clip", short_side)
    units.estimate_flow(store.url, "f", key, METHOD, CPU)
    found = open_video(store, key)
    given = given_masks(GivenSpec(all_annotations=True), found.annotated_objects, {})
    known = found.name, key, found.content_digest, "f", found.objects, found.frame_count
    video = PreparedVideo(*known, given)
    weights = {}
    for label in video.objects:
        weights[label] = f"t{label}"
        units.finetune(store.url, f"t{label}", video, label, "p", chosen, CPU)
    units.segment(store.url, "stored", video, weights, chosen, CPU)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("short_side", [None, 32])
@pytest.mark.parametrize("chosen", [TINY, FLOWLESS], ids=["flow", "no flow"])
def test_the_same_as_from_stored_frames(
    tmp_path: Path, short_side: int | None, chosen: Preset
) -> None:
    store = store_with_parent(tmp_path / "store", chosen)
    clip = write_clip(tmp_path, scenes(2, 7)[1:], [0])
    from_stored_frames(store, clip, short_side, chosen)
    stream(store, clip, preset=chosen, parent="p", short_side=short_side)
    streamed, stored = StoredPrediction(store, "k"), StoredPrediction(store, "stored")
    assert len(streamed.objects) == 2
    differ = [(streamed.label_map(i) != stored.label_map(i)).mean() for i in range(7)]
    np.testing.assert_array_equal(streamed.states, stored.states)
    if chosen is FLOWLESS:
        assert max(differ) == 0
        np.testing.assert_array_equal(streamed.boxes, stored.boxes)
        np.testing.assert_array_equal(streamed.confidence, stored.confidence)
    else:  # stored flow is rounded to 1/64 pixel
        assert max(differ) <= 0.01
        np.testing.assert_allclose(streamed.boxes, stored.boxes, atol=0.5)
        np.testing.assert_allclose(streamed.confidence, stored.confidence, atol=0.01)


@pytest.mark.timeout(120)
def test_several_masks_are_used_as_with_stored_frames(tmp_path: Path) -> None:
    store = store_with_parent(tmp_path / "store", FLOWLESS)
    clip = write_clip(tmp_path, scenes(2, 7)[1:], [0, 4])
    assert not clip.has_single_mask
    from_stored_frames(store, clip, None, FLOWLESS)
    stream(store, clip, preset=FLOWLESS, parent="p")
    streamed, stored = StoredPrediction(store, "k"), StoredPrediction(store, "stored")
    for index in range(7):
        np.testing.assert_array_equal(streamed.label_map(index), stored.label_map(index))
    assert streamed.metadata["masks"] == stored.metadata["masks"] == {"0": [1, 2], "4": [1, 2]}
    np.testing.assert_array_equal(stored.confidence[[0, 4]], 1)
    tuned = load_checkpoint(store, FINETUNED, "t1")[1]
    assert tuned["frames"] == [0, 4]


def test_without_a_network_objects_are_lost_at_a_cut_until_they_are_given(tmp_path: Path) -> None:
    parts = scenes(3, 6)
    clip = write_clip(tmp_path, [parts[0], parts[1], parts[2]], [0, 8])
    store = ArtifactStore(str(tmp_path / "store"))
    figures = stream(store, clip)
    found = StoredPrediction(store, "k")
    assert figures.shots == 3
    assert found.shots.tolist() == [0] * 6 + [1] * 6 + [2] * 6
    tracked, lost, absent = TrackState.TRACKED, TrackState.LOST, TrackState.ABSENT
    # Object 1 is in both masks, object 2 in the second alone.
    assert found.states[:, 0].tolist() == [tracked] * 6 + [lost] * 2 + [tracked] * 4 + [lost] * 6
    assert found.states[:, 1].tolist() == [absent] * 8 + [tracked] * 4 + [lost] * 6
    for index in range(18):
        assert found.label_map(index).any() == (index < 6 or 8 <= index < 12)
    np.testing.assert_array_equal(found.label_map(8), parts[1].label_map(2))


def test_without_cuts_a_clip_is_one_shot(tmp_path: Path) -> None:
    clip = write_clip(tmp_path, scenes(2, 5), [0])
    store = ArtifactStore(str(tmp_path / "store"))
    figures = stream(store, clip, options=StreamOptions(cuts=False))
    assert figures.shots == 1
    assert StoredPrediction(store, "k").states.tolist() == [[TrackState.TRACKED]] * 10


def test_figures_and_provenance(tmp_path: Path) -> None:
    store = store_with_parent(tmp_path / "store")
    clip = write_clip(tmp_path, scenes(1, 6), [0])
    figures = stream(store, clip, preset=TINY, parent="p")
    assert (figures.frames, figures.resumed, figures.objects, figures.shots) == (6, 0, 1, 1)
    stages = {"open", "decode", "cuts", "flow", "finetune", "segment", "write"}
    assert set(figures.seconds) == stages
    assert min(figures.seconds.values()) > 0
    assert figures.real_time_factor is not None
    assert figures.real_time_factor > 0
    told = StoredPrediction(store, "k").metadata["provenance"]
    assert told["source"]["uri"] == "s3://films/clip.mkv"
    assert told["source"]["video"] == clip.video
    assert (told["source"]["video_digest"], told["source"]["masks_digest"]) == clip.digests()
    assert set(told["checkpoints"]) == {"parent", "object 1"}
    assert len(told["code"]["digest"]) == len(told["configuration"]) == 64
    assert told["host"]
    assert told["user"]
    assert told["time"].endswith("+00:00")
    again = stream(store, clip, preset=TINY, parent="p")
    assert (again.frames, again.resumed, again.shots) == (6, 6, 1)


def test_a_clip_of_one_frame(tmp_path: Path) -> None:
    clip = write_clip(tmp_path, scenes(1, 1), [0])
    store = store_with_parent(tmp_path / "store")
    figures = stream(store, clip, preset=TINY, parent="p")
    assert (figures.frames, figures.shots, figures.real_time_factor) == (1, 1, None)
    np.testing.assert_array_equal(
        StoredPrediction(store, "k").label_map(0), scenes(1, 1)[0].label_map(0)
    )


def test_a_folder_of_images_has_no_times(tmp_path: Path) -> None:
    (scene,) = scenes(1, 4)
    (tmp_path / "frames").mkdir()
    for index in range(4):
        Image.fromarray(scene.frame(index)).save(tmp_path / "frames" / f"{index:05d}.png")
    write_masks(tmp_path / "masks", {0: np.asarray(scene.label_map(0))})
    clip = StreamedClip(str(tmp_path / "frames"), str(tmp_path / "masks"), "clip")
    store = ArtifactStore(str(tmp_path / "store"))
    assert stream(store, clip).real_time_factor is None
    assert StoredPrediction(store, "k").frame_times is None
    with pytest.raises(DatasetError, match="Leave start and end empty"):
        stream(store, replace(clip, start=0.1), "part")


def test_a_network_needs_a_parent(tmp_path: Path) -> None:
    clip = StreamedClip("clip.mkv", "masks", "clip")
    with pytest.raises(ParameterError, match="needs a parent"):
        stream(ArtifactStore(str(tmp_path)), clip, preset=TINY)


def test_bad_input_leaves_nothing(tmp_path: Path) -> None:
    clip = write_clip(tmp_path, scenes(1, 3), [0])
    data = Path(clip.video).read_bytes()
    Path(clip.video).write_bytes(data[: len(data) // 2])
    store = ArtifactStore(str(tmp_path / "store"))
    with pytest.raises(DatasetError, match=r"clip\.mkv"):
        stream(store, clip)
    assert not store.exists(PREDICTIONS, "k")
    assert store.unfinished(PREDICTIONS) == {}


@pytest.mark.parametrize("where", ["decoding", "writing"])
def test_an_error_ends_all_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    clip = write_clip(tmp_path, scenes(1, 40), [0])
    store = ArtifactStore(str(tmp_path / "store"))
    sound_frame, sound_add = OpenedClip.frame, PredictionWriter.add

    def frame(self: OpenedClip, index: int) -> Any:
        if where == "decoding" and index == 20:
            raise DatasetError("frame 20 is damaged")
        return sound_frame(self, index)

    def add(self: PredictionWriter, index: int, *values: Any) -> None:
        if where == "writing" and index == 9:
            raise StoreFullError("no space left")
        sound_add(self, index, *values)

    monkeypatch.setattr(OpenedClip, "frame", frame)
    monkeypatch.setattr(PredictionWriter, "add", add)
    error = DatasetError if where == "decoding" else StoreFullError
    with pytest.raises(error):
        stream(store, clip)
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("prefetch")]
    assert not store.exists(PREDICTIONS, "k")


def test_keys_hold_all_that_counts() -> None:
    clip = StreamedClip("/a/clip.mkv", "/a/masks", "clip")

    def key(
        source: str = "s",
        clip: StreamedClip = clip,
        options: StreamOptions = StreamOptions(),  # noqa: B008
        **changes: Any,
    ) -> str:
        given: dict[str, Any] = {"short_side": 240, "estimator_digest": "e", "parent": "p"}
        given |= {"preset": TINY, **changes}
        return keys.stream_key(source, "m", clip, **given, compute=CPU, options=options)

    moved = replace(clip, video="/b/clip.mkv", masks="/b/masks")
    assert key() == key(clip=moved)
    others = {
        key(),
        key(source="t"),
        key(clip=replace(clip, name="other")),
        key(clip=replace(clip, start=1.0)),
        key(clip=replace(clip, end=1.0)),
        key(short_side=None),
        key(estimator_digest="f"),
        key(parent="q"),
        key(preset=PROPAGATE),
        key(options=StreamOptions(cuts=False)),
        key(options=StreamOptions(soft_masks=True)),
    }
    assert len(others) == 11


@pytest.mark.timeout(300)
def test_killed_and_taken_up_the_result_is_the_same(tmp_path: Path) -> None:
    store = store_with_parent(tmp_path / "store")
    # A cut at frame 8; an object that is given first at frame 11, and another one again.
    clip = write_clip(tmp_path, scenes(2, 8), [0, 11])
    stream(store, clip, "undisturbed", **{**CHOSEN, "checkpoint_frames": 50})
    resumed = []
    for limit, code in ((9, -9), (5, -9), (99, 0)):
        command = [
            sys.executable,
            "-c",
            KILLED_STREAM,
            store.url,
            clip.video,
            clip.masks,
            str(limit),
        ]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=False,
            stdout=subprocess.PIPE,
        )
        assert done.returncode == code
        resumed.append(done.stdout.strip())
    assert resumed[-1] == b"12"
    assert content(store, "k") == content(store, "undisturbed")
    assert StoredPrediction(store, "k").shots.tolist() == [0] * 8 + [1] * 8
    assert store.unfinished(PREDICTIONS) == {}
