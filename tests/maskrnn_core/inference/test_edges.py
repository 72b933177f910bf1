"""Outlines come to the edges of the frame, and stay where there are none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskrnn_core.inference.edges import at_edges, solved
from maskrnn_core.video import FloatArray

SIZE = (40, 60)


def _noise(seed: int) -> FloatArray:
    return np.random.default_rng(seed).normal(0, 6, (*SIZE, 3)).astype(np.float32)


def _coloured(seed: int) -> FloatArray:
    return np.asarray(np.clip(128 + 10 * _noise(seed), 0, 255), np.float32)


def _square(low: int, high: int) -> FloatArray:
    mask = np.zeros(SIZE, np.float32)
    mask[low:high, low:high] = 1
    return mask


def _overlap(probability: FloatArray, truth: FloatArray) -> float:
    found, true = probability >= 0.5, truth >= 0.5
    return float((found & true).sum() / (found | true).sum())


@pytest.mark.parametrize("drawn", [_square(11, 29), _square(8, 32)], ids=["too small", "too large"])
def test_an_outline_beside_an_edge_comes_to_it(drawn: FloatArray) -> None:
    truth = _square(10, 30)
    frame = 120 + _noise(0) + truth[..., None] * np.array([90, -60, 20], np.float32)
    refined = at_edges(drawn, frame, 0.2, 0.5)
    assert _overlap(drawn, truth) < 0.85
    assert _overlap(refined, truth) > 0.95


def test_where_the_frame_is_plain_the_probability_is_only_smoothed() -> None:
    drawn = _square(10, 30)
    refined = at_edges(drawn, np.full((*SIZE, 3), 90, np.float32), 0.1, 0.5)
    assert refined[20, 20] == pytest.approx(1, abs=1e-4)
    assert _overlap(refined, drawn) > 0.9
    # Two means over 5 pixels reach 4 pixels far.
    assert refined[20, 33] > 0
    np.testing.assert_array_equal(refined[:, 34:], 0)


def test_a_probability_that_is_a_line_in_the_colours_stays_as_it_is() -> None:
    frame = _coloured(1)
    line = np.asarray(frame @ np.array([0.5, 0.3, 0.2]) / 255, np.float32)
    np.testing.assert_allclose(at_edges(line, frame, 0.05, 0.5), line, atol=0.01)


@given(seed=st.integers(0, 99), radius=st.floats(0, 0.5), level=st.floats(0, 1))
def test_it_stays_a_probability_and_nothing_comes_up_far_from_the_object(
    seed: int, radius: float, level: float
) -> None:
    frame = _coloured(seed)
    drawn = _square(12, 20) * np.float32(level)
    refined = at_edges(drawn, frame, radius, 0.5)
    assert refined.dtype == np.float32
    assert refined.min() >= 0
    assert refined.max() <= 1
    reach = 2 * max(round(radius * 8), 1)
    np.testing.assert_array_equal(refined[20 + reach :], 0)
    np.testing.assert_array_equal(refined[:, 20 + reach :], 0)


def test_nothing_stays_nothing() -> None:
    nothing = np.zeros(SIZE, np.float32)
    np.testing.assert_array_equal(at_edges(nothing, _noise(0), 0.1, 0.5), nothing)


@given(st.integers(0, 2**31))
def test_systems_of_three_equations_are_solved_at_each_pixel(seed: int) -> None:
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(4, 5, 3, 3))
    matrices = factors @ factors.swapaxes(-1, -2) + 0.1 * np.eye(3)
    right = rng.normal(size=(4, 5, 3))
    upper = [matrices[..., i, j] for i in range(3) for j in range(i, 3)]
    found = np.stack(solved(upper, list(np.moveaxis(right, -1, 0))), axis=-1)
    expected = np.linalg.solve(matrices, right[..., None])[..., 0]
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)
