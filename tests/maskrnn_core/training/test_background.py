"""Finetuning on crops from anywhere in the frame."""

import numpy as np
import pytest

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.options import AugmentationOptions, FinetuneOptions
from maskrnn_core.training.augmentation import FrameSample
from maskrnn_core.training.batches import vary

OPTIONS = FinetuneOptions(augmentation=AugmentationOptions(crop=0.25, rotation=0, scale=(1, 1)))


def corner_sample() -> FrameSample:
    target = np.zeros((96, 128), np.uint8)
    target[4:14, 4:14] = 1
    no_flow = np.zeros((96, 128, 2), np.float32)
    return FrameSample(np.zeros((96, 128, 3), np.uint8), target, no_flow, no_flow)


@pytest.mark.parametrize("anywhere", [False, True])
def test_the_object_is_in_view_unless_the_crop_may_lie_anywhere(anywhere: bool) -> None:
    crops = [
        vary(corner_sample(), "", np.random.default_rng(i), (24, 32), OPTIONS, anywhere=anywhere)
        for i in range(30)
    ]
    seen = [bool((crop.sample.target == 1).any()) for crop in crops]
    assert all(seen) is not anywhere
    empty = [crop for crop, shows in zip(crops, seen, strict=True) if not shows]
    assert all(crop.mask.max() == 0 for crop in empty)


def test_a_share_lies_in_0_to_1() -> None:
    with pytest.raises(InvalidInputError, match=r"background=1\.5: a share lies in 0 to 1"):
        FinetuneOptions(background=1.5)
