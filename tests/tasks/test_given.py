"""Which masks of a video are given, and what of that is in the keys."""

from dataclasses import replace

import pytest

from maskrnn_core.options import ComputeOptions
from maskrnn_core.presets import PRESETS
from tasks import keys
from tasks.clip import StreamedClip
from tasks.given import Correction, GivenMask, GivenSpec, given_masks, starts_of
from tasks.keys import PreparedVideo

VIDEO = PreparedVideo("libby", "video", "content", "flow", (1, 2), 49)
CPU = ComputeOptions(device="cpu")
SMALL = PRESETS["small"]
ALL = GivenSpec(all_annotations=True)
ADDED = Correction("before", ((40, "k"),), weights=((1, "w1"), (2, "w2")))


def finetuned(video: PreparedVideo, object_id: int) -> str:
    return keys.finetuned_key(video, object_id, "parent", SMALL, CPU)


def test_annotations_of_a_benchmark_are_given_in_first_frames_alone() -> None:
    annotated = {0: [1], 1: [1, 2], 2: [1, 2]}
    assert given_masks(GivenSpec(), annotated, {}) == ()
    corrected = given_masks(GivenSpec(correction=ADDED), annotated, {"k": [1]})
    assert starts_of(corrected) == {0: [1], 1: [2], 40: [1]}


def test_masks_that_a_user_names_are_all_given() -> None:
    assert given_masks(ALL, {0: [1], 5: [2]}, {}) == (), "one mask for each object"
    assert starts_of(given_masks(ALL, {0: [1], 5: [1, 2]}, {})) == {0: [1], 5: [1, 2]}


def test_an_added_mask_takes_the_place_of_the_one_before() -> None:
    correction = Correction("before", ((0, "new"),), earlier=((0, "old"), (3, "old")))
    spec = GivenSpec(correction=correction)
    given = given_masks(spec, {0: [1, 2]}, {"new": [1], "old": [1, 2]})
    assert given == (
        GivenMask(0, (1,), "new"),
        GivenMask(0, (2,), "old"),
        GivenMask(3, (1, 2), "old"),
    )


def test_a_mask_changes_the_keys_of_its_object_alone() -> None:
    given = (GivenMask(0, (1, 2)), GivenMask(40, (1,)))
    several = replace(VIDEO, given=given)
    assert finetuned(several, 2) == finetuned(VIDEO, 2)
    assert finetuned(several, 1) != finetuned(VIDEO, 1)
    weights = {1: "a", 2: "b"}
    before = keys.prediction_key(VIDEO, weights, SMALL, CPU)
    assert keys.prediction_key(several, weights, SMALL, CPU) != before


def test_a_correction_starts_from_the_weights_that_were_kept() -> None:
    given = (GivenMask(0, (1, 2)), GivenMask(40, (1,), "k"))
    corrected = replace(VIDEO, given=given, correction=ADDED)
    assert (corrected.weights_before(1), corrected.weights_kept(1)) == ("w1", None)
    assert (corrected.weights_before(2), corrected.weights_kept(2)) == (None, "w2")
    dropped = replace(corrected, correction=replace(ADDED, weights=()))
    assert dropped.weights_before(1) is None
    assert finetuned(dropped, 1) != finetuned(corrected, 1)
    assert finetuned(dropped, 2) == finetuned(VIDEO, 2)
    predictions = {
        keys.prediction_key(video, {1: "a", 2: "b"}, SMALL, CPU)
        for video in (corrected, replace(corrected, correction=None), VIDEO)
    }
    assert len(predictions) == 3


@pytest.mark.parametrize("name", ["first.png", "first.JPG"])
def test_a_clip_with_one_mask_keeps_its_key(name: str) -> None:
    assert StreamedClip("walk.mp4", name, "walk").has_single_mask


@pytest.mark.parametrize("name", ["masks", "masks.json", "masks.npz"])
def test_a_clip_may_have_several_masks(name: str) -> None:
    assert not StreamedClip("walk.mp4", name, "walk").has_single_mask
