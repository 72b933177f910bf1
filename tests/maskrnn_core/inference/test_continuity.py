"""Filters by continuity: components away from the mask before are dropped, the others are not."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from maskrnn_core.inference.continuity import connected_part

SIZE = (40, 60)


def square(x: int, y: int, side: int = 10, value: float = 0.9) -> Tensor:
    probability = torch.zeros(SIZE)
    probability[y : y + side, x : x + side] = value
    return probability


def test_a_component_elsewhere_is_dropped() -> None:
    kept = connected_part(torch.maximum(square(8, 8), square(40, 20)), square(10, 8, value=1), 0.5)
    assert torch.equal(kept, square(8, 8))


def test_a_component_just_beside_the_mask_is_kept() -> None:
    near = square(19, 8)  # one pixel apart from the mask, whose surroundings are two pixels wide
    assert torch.equal(connected_part(near, square(8, 8, value=1), 0.5), near)
    far = square(21, 8)
    assert connected_part(far, square(8, 8, value=1), 0.5).max() == 0


def test_what_lies_below_the_threshold_is_unchanged() -> None:
    faint = square(40, 20, value=0.3)
    kept = connected_part(torch.maximum(square(8, 8), faint), square(8, 8, value=1), 0.5)
    assert torch.equal(kept, torch.maximum(square(8, 8), faint))


@given(st.integers(0, 2**31))
def test_it_only_takes_away_and_a_second_time_changes_nothing(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    probability = torch.rand(SIZE, generator=generator)
    mask = square(20, 10, value=1)
    kept = connected_part(probability, mask, 0.5)
    assert bool(((kept == probability) | (kept == 0)).all())
    assert torch.equal(connected_part(kept, mask, 0.5), kept)
