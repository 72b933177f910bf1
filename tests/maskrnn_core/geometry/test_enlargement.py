"""Laws of the factor by which small objects are enlarged."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskrnn_core.geometry.enlargement import LARGEST_FACTOR, enlargement


@given(side=st.floats(1, 500), smallest=st.floats(1, 500))
def test_small_objects_reach_the_side_and_large_ones_stay(side: float, smallest: float) -> None:
    factor = enlargement(side * side, smallest)
    assert 1 <= factor <= LARGEST_FACTOR
    if side >= smallest:
        assert factor == 1
    elif factor < LARGEST_FACTOR:
        assert math.isclose(factor * side, smallest)
    else:
        assert factor * side <= smallest * (1 + 1e-9)


@pytest.mark.parametrize(("area", "smallest"), [(9.0, None), (0.0, 20.0)])
def test_without_a_side_or_an_area_nothing_is_enlarged(area: float, smallest: float | None) -> None:
    assert enlargement(area, smallest) == 1
