import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.metrics import region_similarity
from maskrnn_core.metrics.masks import BoolArray

SHAPES = hnp.array_shapes(min_dims=3, max_dims=3, max_side=7)
PAIRS = SHAPES.flatmap(
    lambda shape: st.tuples(hnp.arrays(np.bool_, shape), hnp.arrays(np.bool_, shape))
)


def test_counts() -> None:
    truth = np.zeros((3, 4, 5), dtype=np.bool_)
    predicted = truth.copy()
    truth[0, :2] = True
    predicted[0, 1:3] = True
    truth[1, 0] = True
    assert region_similarity(truth, predicted).tolist() == [5 / 15, 0.0, 1.0]


@given(PAIRS)
def test_symmetric_bounded_and_one_for_itself(pair: tuple[BoolArray, BoolArray]) -> None:
    truth, predicted = pair
    values = region_similarity(truth, predicted)
    assert values.dtype == np.float64
    assert values.shape == (len(truth),)
    assert np.all((values >= 0) & (values <= 1))
    assert np.array_equal(values, region_similarity(predicted, truth))
    assert np.array_equal(region_similarity(truth, truth), np.ones(len(truth)))


def test_no_frames_give_no_values() -> None:
    empty = np.zeros((0, 3, 3), dtype=np.bool_)
    assert region_similarity(empty, empty).shape == (0,)


def test_other_types_and_shapes_are_refused() -> None:
    masks = np.zeros((2, 3, 3), dtype=np.bool_)
    with pytest.raises(InvalidInputError, match="uint8"):
        region_similarity(masks.astype(np.uint8), masks)
    with pytest.raises(InvalidInputError, match=r"\(3, 3\)"):
        region_similarity(masks[0], masks[0])
    with pytest.raises(InvalidInputError, match="nearest"):
        region_similarity(masks, masks[:, :2])
