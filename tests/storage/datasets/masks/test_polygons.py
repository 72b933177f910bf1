"""Polygons filled by the rule of pixel centres, fast and within bounds."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.datasets.json_masks.polygons import fill_polygons
from storage.datasets.source import UInt8Array

COORDINATES = st.one_of(
    st.integers(-5, 25).map(lambda number: number / 2), st.floats(-30, 40, allow_nan=False)
)
POLYGONS = st.lists(COORDINATES, min_size=6, max_size=24).map(lambda p: p[: len(p) // 2 * 2])


def plain(polygon: list[float], size: tuple[int, int]) -> UInt8Array:
    """The rule, pixel by pixel: an odd number of crossings to the left of the centre."""
    mask = np.zeros(size, np.uint8)
    points = np.array(polygon).reshape(-1, 2)
    for row in range(size[0]):
        y = row + 0.5
        crossings = []
        for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True):
            if (y0 <= y) != (y1 <= y):
                crossings.append(x0 + (y - y0) / (y1 - y0) * (x1 - x0))
        for column in range(size[1]):
            mask[row, column] = sum(np.ceil(x - 0.5) <= column for x in crossings) % 2
    return mask


@given(POLYGONS)
def test_pixel_centres_decide(polygon: list[float]) -> None:
    size = (11, 9)
    np.testing.assert_array_equal(fill_polygons([polygon], size), plain(polygon, size))


@given(st.lists(st.integers(-8, 30), min_size=6, max_size=16).map(lambda p: p[: len(p) // 2 * 2]))
def test_whole_numbers_are_exact(corners: list[int]) -> None:
    box = [corners[0], corners[1], corners[2], corners[1], corners[2], corners[3]]
    polygon = [float(number) for number in [*box, corners[0], corners[3]]]
    np.testing.assert_array_equal(fill_polygons([polygon], (12, 10)), plain(polygon, (12, 10)))


def test_a_union_of_polygons() -> None:
    left, right = [0, 0, 4, 0, 4, 4, 0, 4], [3, 0, 8, 0, 8, 4, 3, 4]
    mask = fill_polygons([left, right], (4, 10))
    assert mask.sum(axis=1).tolist() == [8] * 4


def test_thousands_of_polygons_take_no_time() -> None:
    """52 kB of JSON like this took 205 s."""
    generator = np.random.default_rng(0)
    corners = generator.uniform(0, 1000, (3000, 3, 2))
    small = corners[:, :1] + (corners - corners[:, :1]) * 0.05
    started = time.process_time()
    fill_polygons(small.reshape(3000, 6).tolist(), (1080, 1920))
    assert time.process_time() - started < 5


def test_too_much_to_fill_is_refused_at_once() -> None:
    whole = [0.0, 0.0, 1920.0, 0.0, 1920.0, 1080.0, 0.0, 1080.0]
    started = time.process_time()
    with pytest.raises(ValueError, match="boxes of its polygons"):
        fill_polygons([whole] * 3000, (1080, 1920))
    with pytest.raises(ValueError, match="crosses rows"):
        fill_polygons([[0.0, 0.0, 1920.0, 1080.0] * 8000], (1080, 1920))
    assert time.process_time() - started < 20
