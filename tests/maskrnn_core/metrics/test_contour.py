import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.metrics import contour_accuracy
from maskrnn_core.metrics.frame_counts import boundary_tolerance
from maskrnn_core.metrics.masks import BoolArray

PAIRS = hnp.array_shapes(min_dims=3, max_dims=3, max_side=12).flatmap(
    lambda shape: st.tuples(hnp.arrays(np.bool_, shape), hnp.arrays(np.bool_, shape))
)


@settings(deadline=None)  # the first call compiles
@given(PAIRS)
def test_symmetric_bounded_and_one_for_itself(pair: tuple[BoolArray, BoolArray]) -> None:
    truth, predicted = pair
    values = contour_accuracy(truth, predicted)
    assert values.dtype == np.float64
    assert values.shape == (len(truth),)
    assert np.all((values >= 0) & (values <= 1))
    assert np.array_equal(values, contour_accuracy(predicted, truth))
    assert np.array_equal(contour_accuracy(truth, truth), np.ones(len(truth)))


@settings(deadline=None)  # the first call compiles
@given(
    hnp.arrays(np.bool_, (1, 9, 11)),
    hnp.arrays(np.bool_, (1, 9, 11)),
    st.integers(1, 20),
    st.integers(1, 20),
)
def test_moving_both_masks_inside_the_frame_changes_nothing(
    truth: BoolArray, predicted: BoolArray, dy: int, dx: int
) -> None:
    def placed(mask: BoolArray, y: int, x: int) -> BoolArray:
        frame = np.zeros((1, 40, 150), dtype=np.bool_)
        frame[:, y : y + 9, x : x + 11] = mask
        return frame

    near = contour_accuracy(placed(truth, 1, 1), placed(predicted, 1, 1))
    far = contour_accuracy(placed(truth, dy, 6 * dx), placed(predicted, dy, 6 * dx))
    assert np.array_equal(near, far)


def test_absent_boundaries() -> None:
    masks = np.zeros((4, 6, 6), dtype=np.bool_)
    masks[1, 2:4, 2:4] = True
    masks[3] = True  # a mask that fills the frame has no boundary
    assert contour_accuracy(masks[[0, 0, 1, 3]], masks[[0, 1, 0, 0]]).tolist() == [1, 0, 0, 1]


def test_distance_decides_exactly_at_the_tolerance() -> None:
    truth = np.zeros((1, 100, 100), dtype=np.bool_)
    truth[0, 50, 50] = True
    assert boundary_tolerance((100, 100), 0.03) == 5
    # the boundary of one pixel is a block of 2 x 2
    for dy, dx, found in [(3, 4, 4), (6, 0, 2), (4, 5, 1), (5, 4, 1), (5, 5, 0), (7, 0, 0)]:
        predicted = np.roll(truth, (dy, dx), axis=(1, 2))
        assert contour_accuracy(truth, predicted, 0.03)[0] == found / 4


def test_wide_tolerance_spans_several_words() -> None:
    truth = np.zeros((1, 8, 400), dtype=np.bool_)
    predicted = truth.copy()
    truth[0, 2:5, 10:13] = True
    predicted[0, 2:5, 180:183] = True
    assert contour_accuracy(truth, predicted, 0.2)[0] == 0
    assert contour_accuracy(truth, predicted, 0.5)[0] == 1


def test_tolerance_is_a_share_of_the_diagonal() -> None:
    masks = np.zeros((1, 4, 4), dtype=np.bool_)
    for tolerance in (-0.1, 1.0, float("nan")):
        with pytest.raises(InvalidInputError, match="share of the frame's diagonal"):
            contour_accuracy(masks, masks, tolerance)


def test_views_and_read_only_arrays_are_taken() -> None:
    base = np.zeros((2, 20, 40), dtype=np.bool_)
    base[:, 4:9, 10:20] = True
    view = base[:, ::2, ::2]
    frozen = view.copy()
    frozen.setflags(write=False)
    assert contour_accuracy(view, frozen).tolist() == [1, 1]
