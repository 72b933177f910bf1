"""Several given masks, and corrections of a result: what is read, copied and computed."""

from dataclasses import replace

import numpy as np
import pytest

from maskrnn_core.inference.tracker import Tracker
from maskrnn_core.options import ComputeOptions, InferenceOptions, Preset
from maskrnn_core.presets import preset
from maskrnn_core.video import UInt8Array
from storage.kinds.masks import load_mask, save_mask
from storage.kinds.predictions import StoredPrediction
from storage.kinds.stored_video import open_video
from storage.store.artifacts import ArtifactStore
from tasks import units
from tasks.given import Correction, GivenMask, GivenSpec, given_masks
from tasks.keys import PreparedVideo
from tasks.units.continued import state_after
from tasks.units.given_video import open_given
from tests.tasks.units.prepared_video import FRAMES, prepared

CPU = ComputeOptions(device="cpu", threads=1)
PROPAGATE = preset("propagate")
AT = 15


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> ArtifactStore:
    return ArtifactStore(str(tmp_path_factory.mktemp("store")))


def segmented(
    store: ArtifactStore, key: str, video: PreparedVideo, chosen: Preset = PROPAGATE
) -> StoredPrediction:
    units.segment(store.url, key, video, {}, chosen, CPU)
    return StoredPrediction(store, key)


def corrected(
    store: ArtifactStore, video: PreparedVideo, mask: UInt8Array, before: str
) -> PreparedVideo:
    """The video with one mask added at AT to a prediction."""
    added = save_mask(store, mask)
    correction = Correction(before, ((AT, added),))
    annotated = open_video(store, video.key).annotated_objects
    objects = {added: [i for i in video.objects if (mask == i).any()]}
    given = given_masks(GivenSpec(correction=correction), annotated, objects)
    return replace(video, given=given, correction=correction)


def one_corner(store: ArtifactStore, video: PreparedVideo, object_id: int) -> UInt8Array:
    mask = np.zeros(open_video(store, video.key).output_size, np.uint8)
    mask[1:9, 1:9] = object_id
    return mask


def test_given_masks_are_the_results_of_their_frames(store: ArtifactStore) -> None:
    video = prepared(store.url)
    first = video.objects[0]
    mask = one_corner(store, video, first)
    given = (GivenMask(0, video.objects), GivenMask(AT, (first,), save_mask(store, mask)))
    found = segmented(store, "several", replace(video, given=given))
    np.testing.assert_array_equal(found.label_map(AT) == first, mask == first)
    alone = segmented(store, "one", video)
    for index in range(AT):
        np.testing.assert_array_equal(found.label_map(index), alone.label_map(index))
    assert found.metadata["masks"] == {"0": list(video.objects), str(AT): [first]}
    assert (found.label_map(AT + 1) == first).sum() >= 40, "it goes on from there"


def test_annotations_that_are_not_given_cannot_be_read(store: ArtifactStore) -> None:
    video = prepared(store.url)
    first = video.objects[0]
    mask = one_corner(store, video, first)
    key = save_mask(store, mask)
    np.testing.assert_array_equal(load_mask(store, key), mask)
    given = (GivenMask(0, video.objects), GivenMask(AT, (first,), key))
    opened = open_given(store, replace(video, given=given))
    shown = [i for i in range(FRAMES) if opened.label_map(i) is not None]
    assert shown == [i for i in range(FRAMES) if opened.annotation(i) is not None] == [0, AT]
    np.testing.assert_array_equal(opened.annotation(AT), mask)
    true = open_video(store, video.key)
    np.testing.assert_array_equal(opened.label_map(0), true.label_map(0))


def test_an_object_goes_on_with_the_size_of_its_last_given_mask(store: ArtifactStore) -> None:
    video = prepared(store.url)
    first = video.objects[0]
    corner = save_mask(store, one_corner(store, video, first))
    given = (GivenMask(0, video.objects), GivenMask(AT, (first,), corner))
    before = segmented(store, "several", replace(video, given=given))
    areas = {
        index: dict(zip(state["objects"], state["given_area"], strict=True))
        for index in (AT - 1, AT + 2)
        for state in [state_after(before, index, before.size, given)]
    }
    assert areas[AT - 1][first] == (before.label_map(0) == first).sum()
    assert areas[AT + 2][first] == 64


def test_a_correction_computes_the_frames_from_its_mask_on(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = prepared(store.url)
    before = segmented(store, "before", video)
    again = corrected(store, video, one_corner(store, video, video.objects[0]), "before")
    step, steps = Tracker.step, []

    def counted(self: Tracker, *args: object) -> object:
        steps.append(1)
        return step(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Tracker, "step", counted)
    found = segmented(store, "after", again)
    assert len(steps) == FRAMES - AT
    assert found.metadata["first_changed"] == AT
    assert found.metadata["corrected"]["prediction"] == "before"
    for index in range(AT):
        np.testing.assert_array_equal(found.label_map(index), before.label_map(index))
    assert (found.boxes[:AT] == before.boxes[:AT]).all()
    whole = segmented(store, "whole", replace(again, correction=None))
    for index in range(AT, FRAMES):
        same = found.label_map(index) == whole.label_map(index)
        assert same.mean() > 0.97, "as if all had been computed, but for soft edges"
    first = video.objects[0]
    np.testing.assert_array_equal(found.label_map(AT) == first, whole.label_map(AT) == first)


def test_backwards_a_correction_reaches_the_frames_that_are_nearer(store: ArtifactStore) -> None:
    video = prepared(store.url)
    before = segmented(store, "before", video)
    again = corrected(store, video, one_corner(store, video, video.objects[0]), "before")
    backwards = replace(PROPAGATE, inference=InferenceOptions(backwards=True))
    found = segmented(store, "after", again, backwards)
    middle = AT // 2 + 1
    assert found.metadata["first_changed"] == middle
    differs = [bool((found.label_map(i) != before.label_map(i)).any()) for i in range(AT)]
    assert differs == [False] * middle + [True] * (AT - middle)
