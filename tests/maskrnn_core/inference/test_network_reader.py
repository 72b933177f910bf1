"""The size at which a network reads an object."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from maskrnn_core.compute import Compute
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.inference.network_reader import NetworkReader
from maskrnn_core.inference.network_tracker import NetworkTracker
from maskrnn_core.inference.state import ObjectFrame, TrackState
from maskrnn_core.networks.maskrnn import Segmentation
from maskrnn_core.options import InferenceOptions
from tests.maskrnn_core.inference.answers import Answers

SIZE = (32, 48)
CPU = Compute(torch.device("cpu"), bfloat16=False)
BOX = np.array([8, 8, 18, 18], np.float32)


class _Sizes(Answers):
    """Remembers the sizes of the frames that it read, and answers with the mask."""

    def __init__(self) -> None:
        super().__init__(torch.zeros(1, 1))
        self.sizes: list[tuple[int, ...]] = []

    def forward(self, frame: Tensor, mask: Tensor, magnitudes: Tensor | None) -> Segmentation:
        self.sizes.append(tuple(frame.shape[-2:]))
        logits = torch.logit(mask.clamp(0.02, 0.98))
        return Segmentation(logits, torch.zeros(1, 4, 2, 3))


def _object(given: float, side: int = 10) -> ObjectFrame:
    """An object of side * side pixels, whose given mask had another area."""
    probability = torch.zeros(SIZE)
    probability[8 : 8 + side, 8 : 8 + side] = 0.95
    return ObjectFrame(probability, TrackState.TRACKED, BOX, 0.0, given)


@pytest.mark.parametrize(
    ("given", "size"),
    [
        (100.0, (32, 48)),
        (25.0, (24, 36)),
        (1600.0, (64, 96)),
        (160_000.0, (64, 96)),
        (0.0, (32, 48)),
    ],
)
def test_an_object_that_grew_or_shrank_is_read_at_a_scale_within_the_range(
    given: float, size: tuple[int, int]
) -> None:
    # It has 100 pixels, so its scale is 1, 2, 1/4, 1/40 (enlarged twice, no more), and unknown.
    network = _Sizes()
    options = InferenceOptions(gate=False, scale_range=(0.5, 1.5))
    tracker = NetworkTracker(network, options, CPU, warp_mask=True)
    result = tracker.step(_object(given), torch.zeros(1, 3, *SIZE), None, torch.zeros(1, 2, *SIZE))
    assert network.sizes == [size]
    assert result.probability.shape == SIZE
    assert (result.probability >= 0.5).sum() == pytest.approx(100, abs=24)
    assert result.given_area == given


@pytest.mark.parametrize("wrong", [(0.0, 1.4), (1.1, 1.4), (0.7, 0.9)])
def test_a_range_of_scales_holds_one(wrong: tuple[float, float]) -> None:
    with pytest.raises(InvalidInputError, match="scale_range"):
        InferenceOptions(scale_range=wrong)


@pytest.mark.parametrize(
    ("given", "area", "factor"),
    [
        (100.0, 100.0, 1.5),
        (100.0, 144.0, 1.5),
        (100.0, 900.0, 0.75),
        (225.0, 225.0, 1.0),
        (900.0, 900.0, 1.0),
        (25.0, 25.0, 2.0),
        (25.0, 4.0, 2.0),
        (0.0, 100.0, 1.0),
    ],
)
def test_a_small_object_is_read_as_large_as_finetuning_showed_it(
    given: float, area: float, factor: float
) -> None:
    # Up to 15 pixels, enlarged; once it is 1.5 times as large as given, by as much less.
    options = InferenceOptions(gate=False, scale_range=(0.8, 1.5))
    reader = NetworkReader(_Sizes(), options, CPU, smallest_side=15)
    assert reader.factor(_object(given), area) == pytest.approx(factor)


def test_a_lost_object_is_searched_at_the_size_of_its_given_mask() -> None:
    options = InferenceOptions(gate=False, scale_range=(0.8, 1.5))
    for side, factor in ((None, 1.0), (15, 1.5)):
        reader = NetworkReader(_Sizes(), options, CPU, smallest_side=side)
        known = replace(_object(100.0), seen_area=4.0)
        assert reader.factor(known, 4.0, searching=True) == pytest.approx(factor)
        assert reader.factor(known, 4.0) == 2
