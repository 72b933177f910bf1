import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from maskrnn_core.geometry.boxes import encode_box
from maskrnn_core.training.losses import box_ious, box_loss, mask_loss, mask_similarity


def _case() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 1, 6, 8, generator=generator)
    target = (torch.rand(2, 1, 6, 8, generator=generator) < 0.3).to(torch.uint8)
    return logits, target


def test_balanced_loss_is_the_formula_of_osvos() -> None:
    logits, target = _case()
    expected = torch.tensor(0.0)
    for x, y in zip(logits, target, strict=True):
        p = torch.sigmoid(x)
        beta = (y == 0).float().mean()
        image = beta * -(y * p.log()).sum() - (1 - beta) * ((1 - y) * (1 - p).log()).sum()
        expected = expected + image / y.numel() / 2
    torch.testing.assert_close(mask_loss(logits, target, "classes"), expected)


def test_without_balance_it_is_the_mean_cross_entropy() -> None:
    logits, target = _case()
    expected = functional.binary_cross_entropy_with_logits(logits, target.float())
    torch.testing.assert_close(mask_loss(logits, target, "none"), expected)


def test_an_image_without_the_object_still_teaches() -> None:
    logits, _ = _case()
    nothing = torch.zeros(2, 1, 6, 8, dtype=torch.uint8)
    expected = functional.binary_cross_entropy_with_logits(logits, nothing.float())
    torch.testing.assert_close(mask_loss(logits, nothing, "classes"), expected)


def test_an_image_of_the_object_alone_still_teaches() -> None:
    logits, _ = _case()
    full = torch.ones(2, 1, 6, 8, dtype=torch.uint8)
    expected = functional.binary_cross_entropy_with_logits(logits, full.float())
    torch.testing.assert_close(mask_loss(logits, full, "classes"), expected)


@pytest.mark.parametrize("balance", ["classes", "none"])
def test_void_pixels_do_not_count(balance: str) -> None:
    logits, target = _case()
    half = target.clone()
    half[..., 4:] = 255
    cut = mask_loss(logits[..., :4], target[..., :4], balance)  # type: ignore[arg-type]
    torch.testing.assert_close(mask_loss(logits, half, balance), cut)  # type: ignore[arg-type]


def test_the_hardest_pixels_alone_count() -> None:
    logits, target = _case()
    target[0, 0, 0, :4] = 255
    expected = []
    for x, y in zip(logits, target, strict=True):
        each = functional.binary_cross_entropy_with_logits(x, y.float(), reduction="none")
        valid = each[y != 255]
        expected.append(valid.sort(descending=True).values[: round(len(valid) / 4)].mean())
    found = mask_loss(logits, target, "none", hardest=0.25)
    torch.testing.assert_close(found, torch.stack(expected).mean())


def test_an_image_of_void_alone_costs_nothing() -> None:
    logits, target = _case()
    assert mask_loss(logits, torch.full_like(target, 255), "classes") == 0
    assert mask_loss(logits, torch.full_like(target, 255), "none", hardest=0.25) == 0


def test_box_loss_counts_valid_rows_alone() -> None:
    deltas = torch.tensor([[0.0, 0, 0, 0], [3, 0, 0, 0], [100, 100, 100, 100]])
    targets = torch.zeros(3, 4)
    valid = torch.tensor([True, True, False])
    assert box_loss(deltas, targets, valid) == pytest.approx(2.5 / 3)
    assert box_loss(deltas, targets, torch.zeros(3, dtype=torch.bool)) == 0


def test_similarity_is_intersection_over_union_without_void() -> None:
    target = torch.tensor([[1, 1, 0, 0, 255, 255], [0, 0, 0, 0, 0, 255]], dtype=torch.uint8)
    logits = torch.tensor([[2.0, -1, 3, -1, 5, -5], [-1.0, -1, -1, -1, -1, 5]])
    found = mask_similarity(logits.reshape(2, 1, 1, 6), target.reshape(2, 1, 1, 6))
    assert found == pytest.approx((1 / 3 + 1) / 2)


def test_ious_of_boxes_before_and_after_regression() -> None:
    proposal, box = np.array([[0, 0, 10, 10], [5, 0, 15, 10]], np.float32)
    proposals = torch.from_numpy(np.stack([proposal, proposal]))
    target = torch.from_numpy(np.stack([encode_box(proposal, box)] * 2))
    nothing = torch.zeros(2, 4)
    valid = torch.tensor([True, False])
    before, after = box_ious(proposals, target, target, valid)
    assert (float(before), float(after)) == pytest.approx((1 / 3, 1.0))
    before, after = box_ious(proposals, nothing, target, valid)
    assert (float(before), float(after)) == pytest.approx((1 / 3, 1 / 3))
    assert all(math.isnan(x) for x in box_ious(proposals, target, target, torch.zeros(2) > 0))
