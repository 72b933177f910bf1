import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.metrics import summarize

VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=600)


def test_quarters_include_both_ends() -> None:
    result = summarize([1.0, 0.9, 0.8, 0.4, 0.2])
    assert result.decay == pytest.approx((1.0 + 0.9) / 2 - (0.4 + 0.2) / 2)
    assert result.recall == pytest.approx(0.6)
    assert result.mean == pytest.approx(0.66)


def test_recall_is_strict() -> None:
    assert summarize([0.5, 0.5]).recall == 0.0


def test_nan_is_left_out_of_the_mean_and_counts_against_recall() -> None:
    result = summarize([1.0, float("nan"), 0.8, 0.9])
    assert result.mean == pytest.approx(0.9)
    assert result.recall == pytest.approx(0.75)


def test_nothing_to_average() -> None:
    for values in ([], [float("nan")]):
        result = summarize(values)
        assert math.isnan(result.mean)
        assert math.isnan(result.decay)


def test_more_dimensions_are_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"shape \(2, 2\)"):
        summarize(np.zeros((2, 2)))


@given(VALUES)
def test_decay_follows_the_formula_at_any_length(values: list[float]) -> None:
    ids = [math.floor(x + 0.5) - 1 for x in np.linspace(1, len(values), 5)]
    expected = np.mean(values[ids[0] : ids[1] + 1]) - np.mean(values[ids[3] : ids[4] + 1])
    assert summarize(values).decay == pytest.approx(expected, abs=1e-12)


@given(VALUES)
def test_reversal_turns_the_sign_of_decay_up_to_rounding_of_quarters(values: list[float]) -> None:
    if len(values) % 4 == 1:  # the quarters' ends fall on whole frames
        forward, backward = summarize(values), summarize(values[::-1])
        assert forward.decay == pytest.approx(-backward.decay, abs=1e-12)
