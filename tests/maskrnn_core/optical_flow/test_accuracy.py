"""Errors against known flow."""

from typing import Any

import numpy as np
import pytest

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.accuracy import flow_accuracy, spread
from maskrnn_core.optical_flow.opencv import DIS
from maskrnn_core.synthetic import SyntheticOptions, synthetic_videos


class Shift:
    """Everything moves by (3, 4) pixels."""

    frame_count = 4

    def frame(self, index: int) -> Any:
        return np.full((20, 30, 3), index, np.uint8)

    def forward_flow(self, index: int) -> Any:
        return np.full((20, 30, 2), (3, 4), np.float32)

    def backward_flow(self, index: int) -> Any:
        return -self.forward_flow(index)


class Constant:
    """An estimator that returns (3, 4) forwards and zero backwards."""

    name = digest = "constant"

    def estimate(self, first: Any, second: Any) -> Any:
        return np.full((*first.shape[:2], 2), (3, 4), np.float32)

    def estimate_both(self, first: Any, second: Any) -> Any:
        return self.estimate(first, second), 0 * self.estimate(first, second)


def test_means_over_both_directions() -> None:
    found = flow_accuracy(Constant(), [Shift(), Shift()])
    assert (found.error, found.far, found.still) == (2.5, 0.5, 5.0)
    assert found.visible == 2.5


def test_dis_on_a_generated_video() -> None:
    videos = synthetic_videos("val", SyntheticOptions(size=(64, 96), frames_val=4))
    found = flow_accuracy(DIS(), videos[:1], pairs=2)
    assert 0 < found.error < found.still


def test_nothing_to_compare() -> None:
    video = Shift()
    video.frame_count = 1
    with pytest.raises(InvalidInputError, match="two frames or more"):
        flow_accuracy(Constant(), [video])


def test_spread() -> None:
    assert list(spread(3, None)) == [0, 1, 2]
    assert list(spread(3, 5)) == [0, 1, 2]
    assert list(spread(9, 3)) == [0, 4, 8]
    assert list(spread(0, 3)) == []
