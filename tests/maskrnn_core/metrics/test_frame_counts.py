from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.metrics.frame_counts import FrameCounter, FrameCounts, f_measure

ReferenceCounts = Callable[..., tuple[int, ...]]


def _row(counts: FrameCounts, pair: int) -> tuple[int, ...]:
    columns = (
        counts.intersection,
        counts.union,
        counts.predicted_boundary,
        counts.true_boundary,
        counts.predicted_near,
        counts.true_near,
    )
    return tuple(int(column[pair]) for column in columns)


def _label_map(rng: np.random.Generator, size: tuple[int, int], labels: int) -> NDArray[np.uint8]:
    """Rectangles of random labels, some speckle, sometimes void."""
    result = np.zeros(size, dtype=np.uint8)
    for _ in range(rng.integers(0, 5)):
        y, x = rng.integers(0, size[0]), rng.integers(0, size[1])
        h, w = rng.integers(1, 1 + size[0]), rng.integers(1, 1 + size[1])
        result[y : y + h, x : x + w] = rng.choice([*range(labels + 1), 255])
    speckle = rng.random(size) < rng.choice([0, 0, 0.05, 0.5])
    result[speckle] = rng.integers(0, labels + 1, int(speckle.sum()))
    return result


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 20), st.integers(1, 150), st.booleans())
def test_equals_the_reference_bit_for_bit(
    reference_counts: ReferenceCounts, seed: int, height: int, width: int, void: bool
) -> None:
    rng = np.random.default_rng(seed)
    size = (height, width)
    true, predicted = _label_map(rng, size, 3), _label_map(rng, size, 4)
    pairs = [(1, 1), (2, 2), (1, 4), (3, 1)]
    tolerance = float(rng.choice([0, 0.008, 0.03, 0.5]))
    counter = FrameCounter(size, 3, 4, pairs, ignore_void=void, tolerance=tolerance)
    for _ in range(2):  # the second call finds the buffers of the first
        counts = counter.count(true, predicted)
        kept = (true != 255) if void else np.ones(size, dtype=np.bool_)
        for index, (a, b) in enumerate(pairs):
            expected = reference_counts((true == a) & kept, (predicted == b) & kept, tolerance)
            assert _row(counts, index) == expected
        assert counts.beyond == np.count_nonzero(kept & (predicted > 4))


def test_many_boundary_pixels_outgrow_the_first_buffer(reference_counts: ReferenceCounts) -> None:
    checkers = (np.indices((150, 150)).sum(axis=0) % 2 + 1).astype(np.uint8)
    counter = FrameCounter((150, 150), 2, 2, [(1, 2)])
    counts = counter.count(checkers, checkers)
    assert _row(counts, 0)[:4] == (0, 150 * 150, 150 * 150 - 1, 150 * 150 - 1)


def test_f_measure_of_absent_boundaries() -> None:
    assert f_measure(0, 0, 0, 0) == 1
    assert f_measure(0, 0, 0, 9) == 0
    assert f_measure(0, 9, 0, 0) == 0
    assert f_measure(0, 9, 0, 9) == 0
    assert f_measure(1, 2, 1, 1) == pytest.approx(2 / 3)


def test_other_sizes_and_types_are_refused() -> None:
    counter = FrameCounter((4, 5), 1, 1, [(1, 1)])
    labels = np.zeros((4, 5), dtype=np.uint8)
    with pytest.raises(InvalidInputError, match=r"prediction is uint8 of shape \(5, 4\)"):
        counter.count(labels, labels.T)
    with pytest.raises(InvalidInputError, match="annotation is int64"):
        counter.count(labels.astype(np.int64), labels)
