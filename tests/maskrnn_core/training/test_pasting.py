"""Another object in the frame: what is followed, what is hidden, how the flow moves."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from maskrnn_core.training.augmentation import FrameSample
from maskrnn_core.training.pasting import FEWEST_PIXELS, SCALES, STILL_SEEN, pasted
from maskrnn_core.video import VOID

RED, GREEN = (250, 0, 0), (0, 200, 0)
SEEDS = st.integers(0, 2**31)


def sample_of(
    colour: tuple[int, int, int], rows: slice, columns: slice, flow: tuple[float, float] = (0, 0)
) -> FrameSample:
    """A rectangle of one colour before black, moving as a whole."""
    target = np.zeros((48, 64), np.uint8)
    target[rows, columns] = 1
    frame = np.where(target[..., None] == 1, np.array(colour, np.uint8), np.uint8(0))
    moving = np.broadcast_to(np.array(flow, np.float32), (48, 64, 2)).copy()
    return FrameSample(frame.astype(np.uint8), target, moving, -moving)


OWN = sample_of(RED, slice(10, 34), slice(20, 40), flow=(3, 0))
DONOR = sample_of(GREEN, slice(5, 25), slice(8, 30), flow=(0, 4))


def inside(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask without its edge, where colours are mixed."""
    return cv2.erode(mask.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)


@given(SEEDS)
def test_what_is_followed_is_one_of_the_two_objects(seed: int) -> None:
    made = pasted(OWN, DONOR, np.random.default_rng(seed))
    colours = made.frame[inside(made.target == 1)].reshape(-1, 3).astype(int)
    is_red, is_green = colours[:, 0] > 60, colours[:, 1] > 60
    assert is_red.all() or is_green.all()


def test_both_objects_are_followed_by_chance() -> None:
    made = [pasted(OWN, DONOR, np.random.default_rng(seed)) for seed in range(60)]
    green = [bool((m.frame[m.target == 1][:, 1] > 100).any()) for m in made]
    assert 15 < sum(green) < 55


@given(SEEDS)
def test_an_object_that_is_hardly_seen_is_not_followed(seed: int) -> None:
    made = pasted(OWN, DONOR, np.random.default_rng(seed))
    follows_own = (made.frame[inside(made.target == 1)][:, 0] > 100).any()
    if follows_own:
        assert (made.target == 1).sum() >= STILL_SEEN * (OWN.target == 1).sum()


@given(SEEDS)
def test_what_lies_away_from_the_pasted_object_stays(seed: int) -> None:
    made = pasted(OWN, DONOR, np.random.default_rng(seed))
    changed = (made.frame != OWN.frame).any(axis=-1)
    green = cv2.dilate((made.frame[..., 1] > 0).astype(np.uint8), np.ones((5, 5), np.uint8))
    assert not (changed & (green == 0)).any()


@given(SEEDS)
def test_the_flow_is_the_donors_turned_where_it_shows(seed: int) -> None:
    made = pasted(OWN, DONOR, np.random.default_rng(seed))
    seen = inside(made.frame[..., 1] > 100)
    length = np.linalg.norm(made.backward[seen], axis=-1)
    assert np.all(length >= 4 * SCALES[0] - 0.01)
    assert np.all(length <= 4 * SCALES[1] + 0.01)
    assert np.allclose(length, length[:1], atol=0.01)
    untouched = made.frame[..., 1] == 0
    np.testing.assert_array_equal(made.backward[untouched], OWN.backward[untouched])
    np.testing.assert_allclose(made.forward, -made.backward, atol=1e-4)


@given(SEEDS)
def test_void_stays_behind_the_pasted_object(seed: int) -> None:
    target = OWN.target.copy()
    target[:4] = VOID
    made = pasted(replace(OWN, target=target), DONOR, np.random.default_rng(seed))
    assert not (made.target[4:] == VOID).any()
    assert ((made.target[:4] == VOID) | (made.frame[:4, :, 1] > 0)).all()


@pytest.mark.parametrize("size", [0, 1])
def test_a_donor_that_does_not_show_changes_nothing(size: int) -> None:
    tiny = sample_of(GREEN, slice(5, 5 + size), slice(5, 5 + size))
    assert size**2 * SCALES[1] ** 2 < FEWEST_PIXELS
    assert pasted(OWN, tiny, np.random.default_rng(0)) is OWN


def test_the_same_seed_gives_the_same_sample() -> None:
    first, second = (pasted(OWN, DONOR, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first.frame, second.frame)
    np.testing.assert_array_equal(first.target, second.target)
