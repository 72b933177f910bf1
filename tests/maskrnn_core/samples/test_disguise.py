"""Parts of an object that look otherwise: only its looks change, and only there."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskrnn_core.samples.augmentation import FrameSample
from maskrnn_core.samples.batches import MaskedSample
from maskrnn_core.samples.disguise import FEWEST_PIXELS, RADII, disguised

SEEDS = st.integers(0, 2**31)


def _varied(side: int = 24) -> MaskedSample:
    rng = np.random.default_rng(1)
    target = np.zeros((48, 64), np.uint8)
    target[10 : 10 + side, 20 : 20 + side] = 1
    sample = FrameSample(rng.integers(0, 256, (48, 64, 3), dtype=np.uint8), target, None)
    return MaskedSample(sample, rng.random((48, 64), dtype=np.float32), "square", 64.0)


@given(SEEDS)
def test_the_frame_changes_on_the_object_alone(seed: int) -> None:
    varied = _varied()
    made = disguised(varied, np.random.default_rng(seed))
    changed = (made.sample.frame != varied.sample.frame).any(axis=-1)
    assert not changed[varied.sample.target != 1].any()
    largest = np.pi * (RADII[1] * 24 + 2) ** 2
    assert 0 < changed.sum() <= largest
    assert made.sample.target is varied.sample.target
    assert made.mask is varied.mask
    assert made.name == "square"


@pytest.mark.parametrize("side", [0, 9])
def test_tiny_objects_stay(side: int) -> None:
    assert side**2 < FEWEST_PIXELS
    varied = _varied(side)
    assert disguised(varied, np.random.default_rng(0)) is varied


def test_the_same_seed_gives_the_same_sample() -> None:
    first, second = (disguised(_varied(), np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first.sample.frame, second.sample.frame)
