"""Consistency of both directions, endpoint error, flow pictures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.consistency import (
    endpoint_error,
    inconsistent_pixels,
    inconsistent_share,
)
from maskrnn_core.optical_flow.picture import colour_wheel, flow_picture
from maskrnn_core.synthetic import SyntheticOptions, SyntheticVideo
from maskrnn_core.video import FloatArray


def _constant(dx: float, dy: float, size: tuple[int, int] = (12, 16)) -> FloatArray:
    return np.broadcast_to(np.array([dx, dy], np.float32), (*size, 2)).copy()


@given(dx=st.integers(-5, 5), dy=st.integers(-5, 5))
def test_a_pan_is_consistent_but_for_what_leaves_the_frame(dx: int, dy: int) -> None:
    lost = inconsistent_pixels(_constant(dx, dy), _constant(-dx, -dy))
    expected = 12 * 16 - (12 - abs(dy)) * (16 - abs(dx))
    assert lost.sum() == expected
    assert inconsistent_share(_constant(dx, dy), _constant(-dx, -dy)) == expected / (12 * 16)


def test_the_threshold_is_the_published_one() -> None:
    still, size = _constant(0, 0), (12, 16)
    for gap, inconsistent in ((0.70, False), (0.72, True)):  # gap^2 against 0.01 gap^2 + 0.5
        assert inconsistent_pixels(still, _constant(gap, 0)).all() == inconsistent
    # A long motion forgives more: 0.01 (100 + 81) + 0.5 = 2.31 against a gap of 1.
    forward, backward = _constant(10, 0, size), _constant(-9, 0, size)
    assert not inconsistent_pixels(forward, backward)[:, :6].any()


def test_occlusions_of_a_known_scene_are_found() -> None:
    video = SyntheticVideo("val", 0, SyntheticOptions(size=(96, 160)))
    forward, backward = video.forward_flow(15), video.backward_flow(16)
    assert forward is not None
    assert backward is not None
    lost = inconsistent_pixels(forward, backward)
    assert 0.005 < lost.mean() < 0.15


def test_endpoint_error_is_a_mean_of_lengths() -> None:
    flow, reference = _constant(3, 4), _constant(0, 0)
    assert endpoint_error(flow, reference) == 5.0
    flow[0, 0] = 0
    valid = np.zeros((12, 16), bool)
    valid[0, :2] = True
    assert endpoint_error(flow, reference, valid) == 2.5


@pytest.mark.parametrize("shape", [(3, 3, 2), (12, 16), (0, 16, 2)])
def test_flows_of_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInputError, match="same"):
        endpoint_error(_constant(0, 0), np.zeros(shape, np.float32))
    with pytest.raises(InvalidInputError, match="same"):
        inconsistent_share(np.zeros(shape, np.float32), _constant(0, 0))


def test_a_valid_mask_must_leave_something() -> None:
    with pytest.raises(InvalidInputError, match="at least one pixel"):
        endpoint_error(_constant(0, 0), _constant(0, 0), np.zeros((12, 16), bool))


def test_the_wheel_has_its_pure_colours_where_they_belong() -> None:
    wheel = colour_wheel()
    assert wheel.shape == (55, 3)
    pure = {0: (255, 0, 0), 15: (255, 255, 0), 21: (0, 255, 0), 25: (0, 255, 255)}
    pure |= {36: (0, 0, 255), 49: (255, 0, 255)}
    for place, colour in pure.items():
        assert tuple(wheel[place]) == colour
    assert wheel.max(axis=1).min() == 255  # saturated everywhere
    assert wheel.min(axis=1).max() == 0


def test_directions_and_lengths_have_their_colours() -> None:
    flow = np.array([[[1, 0], [-1, 0], [0, 1], [0, -1], [0, 0], [0.5, 0]]], np.float32)
    right, left, down, up, still, half = flow_picture(flow)[0].astype(int)
    assert tuple(right) == (255, 0, 0)
    assert left[0] == 0  # cyan to blue
    assert left[2] == 255
    assert down[0] == 255  # yellow
    assert down[1] > 200
    assert up[2] == 255  # blue to magenta
    assert up[1] == 0
    assert tuple(still) == (255, 255, 255)
    assert tuple(half) == (255, 127, 127)


def test_lengths_beyond_the_largest_are_darkened_and_holes_are_black() -> None:
    flow = np.array([[[4, 0], [np.nan, 0], [0, np.inf]]], np.float32)
    picture = flow_picture(flow, largest=2.0)
    assert picture.dtype == np.uint8
    assert tuple(picture[0, 0]) == (191, 0, 0)
    assert not picture[0, 1:].any()


def test_still_and_empty_flows_have_pictures() -> None:
    assert (flow_picture(_constant(0, 0)) == 255).all()
    assert flow_picture(np.zeros((0, 4, 2), np.float32)).shape == (0, 4, 3)


def test_pictures_refuse_other_shapes_and_scales() -> None:
    with pytest.raises(InvalidInputError, match=r"\(H, W, 2\)"):
        flow_picture(np.zeros((4, 4, 3), np.float32))
    for largest in (0.0, -1.0, float("nan")):
        with pytest.raises(InvalidInputError, match="positive"):
            flow_picture(_constant(0, 0), largest=largest)
