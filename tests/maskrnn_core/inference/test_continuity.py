"""Filters keep what continues the object, and drop what lies elsewhere."""

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from maskrnn_core.inference.continuity import (
    REACQUIRE_PROBABILITY,
    confident_component,
    continuity_box,
    near_pieces,
    window_of,
)

SIZE = (60, 80)


def test_a_box_grows_by_its_scale_and_by_a_few_pixels_at_least() -> None:
    large = np.array([20, 10, 60, 50], np.float32)
    np.testing.assert_allclose(continuity_box(large, 1.5, SIZE), [10, 0, 70, 60])
    small = np.array([30, 30, 34, 34], np.float32)
    np.testing.assert_allclose(continuity_box(small, 1.5, SIZE), [22, 22, 42, 42])
    np.testing.assert_allclose(continuity_box(small, 1.0, SIZE), small)


@pytest.mark.parametrize(("reach", "kept"), [(0.0, 1), (0.5, 2), (10.0, 3)])
def test_pieces_within_reach_stay(reach: float, kept: int) -> None:
    previous = np.zeros(SIZE, bool)
    previous[10:30, 10:30] = True
    probability = np.full(SIZE, 0.1, np.float32)
    corners = [(12, 12), (12, 36), (50, 70)]  # inside, 7 pixels away, far away
    for y, x in corners:
        probability[y : y + 5, x : x + 5] = 0.9
    found = near_pieces(probability, previous, 0.5, reach)
    assert [bool(found[y, x] == np.float32(0.9)) for y, x in corners] == [
        i < kept for i in range(3)
    ]
    below = probability < 0.5
    np.testing.assert_array_equal(found[below], probability[below])


def test_a_piece_that_was_in_the_mask_does_not_keep_itself_there() -> None:
    previous = np.zeros(SIZE, bool)
    previous[10:30, 10:30] = True
    previous[48:53, 68:73] = True
    found = near_pieces(previous.astype(np.float32), previous, 0.5, 0.5)
    assert found[12, 12] == 1
    assert found[50, 70] == 0


def test_both_halves_of_a_mask_that_is_cut_in_two_stay() -> None:
    previous = np.zeros(SIZE, bool)
    previous[10:30, 10:30] = True
    previous[10:30, 60:70] = True
    np.testing.assert_array_equal(
        near_pieces(previous.astype(np.float32), previous, 0.5, 0.0), previous.astype(np.float32)
    )


def test_nothing_is_dropped_without_a_previous_mask() -> None:
    probability = np.full(SIZE, 0.9, np.float32)
    nothing = np.zeros(SIZE, bool)
    np.testing.assert_array_equal(near_pieces(probability, nothing, 0.5, 0.1), probability)


def test_windows_begin_at_the_grid_of_the_features_and_end_in_the_frame() -> None:
    box = np.array([40, 33, 60, 52], np.float32)
    assert window_of(box, 4, SIZE) == (slice(16, 56), slice(32, 64))
    assert window_of(box, 1000, SIZE) == (slice(0, 60), slice(0, 80))


def test_specks_do_not_count_as_the_object() -> None:
    probability = np.zeros((32, 48), np.float32)
    probability[4:6, 4:6] = 0.95
    assert confident_component(probability, 0.5, smallest=10) is None
    assert confident_component(probability, 0.5, smallest=4) is not None


@given(st.integers(0, 2**31))
def test_the_found_component_is_the_largest_confident_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    probability = rng.choice(np.array([0.1, 0.6, 0.9], np.float32), (12, 16))
    found = confident_component(probability, 0.5, smallest=2)
    count, labels = cv2.connectedComponents((probability >= 0.5).astype(np.uint8))
    components = [labels == index for index in range(1, count)]
    means = [float(probability[component].mean()) for component in components]
    assume(all(abs(mean - REACQUIRE_PROBABILITY) > 1e-6 for mean in means))
    areas = [
        component.sum()
        for component, mean in zip(components, means, strict=True)
        if component.sum() >= 2 and mean >= REACQUIRE_PROBABILITY
    ]
    assert (0 if found is None else found.sum()) == max(areas, default=0)
    if found is not None:
        assert any((found == component).all() for component in components)
