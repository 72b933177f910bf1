import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from maskrnn_core.geometry.boxes import (
    Box,
    box_iou,
    clip_box,
    decode_box,
    encode_box,
    enlarge_box,
    mask_box,
    proposal_box,
)

sides = st.floats(1, 200, width=32)
corners = st.floats(-100, 400, width=32)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    x, y, width, height = draw(corners), draw(corners), draw(sides), draw(sides)
    return np.array([x, y, x + width, y + height], dtype=np.float32)


@given(boxes(), boxes())
def test_decoding_inverts_encoding(proposal: Box, target: Box) -> None:
    ratios = (target[2:] - target[:2]) / (proposal[2:] - proposal[:2])
    assume(ratios.max() < 60 and ratios.min() > 1 / 60)  # beyond lies the clamp
    decoded = decode_box(proposal, encode_box(proposal, target))
    np.testing.assert_allclose(decoded, target, atol=0.02)


@given(boxes(), boxes())
def test_iou_is_symmetric_and_one_for_equal_boxes(first: Box, second: Box) -> None:
    assert box_iou(first, second) == pytest.approx(box_iou(second, first))
    assert 0 <= box_iou(first, second) <= 1
    assert box_iou(first, first) == pytest.approx(1)


def test_iou_of_half_overlapping_boxes() -> None:
    first = np.array([0, 0, 4, 4], dtype=np.float32)
    second = np.array([2, 0, 6, 4], dtype=np.float32)
    assert box_iou(first, second) == pytest.approx(8 / 24)


def test_mask_box_is_half_open_and_none_when_empty() -> None:
    mask = np.zeros((10, 12), dtype=bool)
    assert mask_box(mask) is None
    mask[2:5, 3:9] = True
    box = mask_box(mask)
    assert box is not None
    assert box.tolist() == [3, 2, 9, 5]


def test_proposal_ignores_specks_below_one_percent() -> None:
    probability = np.zeros((60, 60), dtype=np.float32)
    probability[10:30, 10:30] = 0.9
    probability[55, 55] = 0.9  # 1 of 401 pixels
    probability[0:10, 40:50] = 0.49  # below the threshold
    box = proposal_box(probability)
    assert box is not None
    assert box.tolist() == [10, 10, 30, 30]
    probability[50:55, 50:55] = 1.0  # 25 of 426 pixels
    larger = proposal_box(probability)
    assert larger is not None
    assert larger.tolist() == [10, 10, 56, 56]


def test_proposal_of_specks_alone_has_all_of_the_largest() -> None:
    probability = np.zeros((64, 96), dtype=np.float32)
    probability[1::4, 1::4] = 0.9  # 384 specks of one pixel
    box = proposal_box(probability)
    assert box is not None
    assert box.tolist() == [1, 1, 94, 62]


def test_proposal_of_an_empty_mask_is_none() -> None:
    assert proposal_box(np.full((8, 8), 0.3, dtype=np.float32)) is None


def test_enlarging_keeps_the_centre_and_stays_in_the_frame() -> None:
    box = np.array([10, 20, 30, 60], dtype=np.float32)
    np.testing.assert_allclose(enlarge_box(box, 1.25, (200, 200)), [7.5, 15, 32.5, 65])
    np.testing.assert_allclose(enlarge_box(box, 10, (50, 40)), [0, 0, 40, 50])


@given(boxes())
def test_clipped_boxes_lie_in_the_frame(box: Box) -> None:
    clipped = clip_box(box, (100, 150))
    assert 0 <= clipped[0] <= clipped[2] <= 150
    assert 0 <= clipped[1] <= clipped[3] <= 100


def test_decoding_clamps_runaway_scales() -> None:
    box = np.array([0, 0, 16, 16], dtype=np.float32)
    decoded = decode_box(box, np.array([0, 0, 1e4, -1e4], dtype=np.float32))
    assert decoded[2] - decoded[0] == pytest.approx(1000)
    assert decoded[3] - decoded[1] == pytest.approx(256 / 1000)
