from typing import Literal

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from maskrnn_core.geometry.boxes import box_iou, decode_box, encode_box, mask_box, proposal_box
from maskrnn_core.networks.localization import MASK_REGION, LocalizationNet, RegionOptions
from maskrnn_core.options import PerturbationOptions
from maskrnn_core.samples.perturbation import perturb_mask
from maskrnn_core.training.losses import box_loss


@pytest.mark.parametrize("pooling", ["pool", "align"])
def test_a_new_localization_net_keeps_the_proposal(pooling: Literal["pool", "align"]) -> None:
    torch.manual_seed(0)
    network = LocalizationNet(6, 8, RegionOptions(pooling))
    features = torch.rand(2, 6, 4, 5)
    proposals = torch.tensor([[0.0, 0, 30, 40], [10, 10, 60, 60]])
    deltas = network(features, proposals)
    assert deltas.shape == (2, 4)
    assert deltas.dtype == torch.float32
    assert deltas.abs().max() < 0.1


def test_each_image_is_pooled_inside_its_own_proposal() -> None:
    torch.manual_seed(0)
    network = LocalizationNet(6, 8, RegionOptions("align"))
    features = torch.rand(2, 6, 8, 8)
    proposals = torch.tensor([[0.0, 0, 32, 32], [64, 64, 128, 128]])
    before = network(features, proposals)
    features[0, :, 6:, 6:] += 1  # outside the first image's proposal
    features[1, :, 6:, 6:] += 1  # inside the second's
    after = network(features, proposals)
    torch.testing.assert_close(before[0], after[0])
    assert not torch.allclose(before[1], after[1])


def test_the_gradient_reaches_the_features() -> None:
    features = torch.rand(1, 6, 4, 4, requires_grad=True)
    LocalizationNet(6, 8, RegionOptions("pool"))(
        features, torch.tensor([[0.0, 0, 64, 64]])
    ).sum().backward()
    assert features.grad is not None
    assert features.grad.abs().sum() > 0


def test_a_context_shows_what_lies_beyond_the_proposal() -> None:
    torch.manual_seed(0)
    features = torch.zeros(1, 2, 60, 80)
    moved = features.clone()
    moved[..., 20:30, 52:55] = 1  # right of the proposal
    proposal = torch.tensor([[20.0, 10, 50, 40]])
    for context, sees in ((1.0, False), (1.5, True)):
        region = RegionOptions("align", cells=14, stride=1, context=context)
        network = LocalizationNet(2, 8, region)
        same = torch.equal(network(features, proposal), network(moved, proposal))
        assert same is not sees


def test_profiles_hold_the_largest_and_the_mean_of_columns_and_rows() -> None:
    """A mask that fills the left half of the region: its right side is seen, and its height."""
    network = LocalizationNet(1, 8, RegionOptions("align", cells=4, stride=1, as_profiles=True))
    read: list[torch.Tensor] = []
    network.fc6.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0]))
    features = torch.zeros(1, 1, 8, 8)
    features[..., :4] = 1
    network(features, torch.tensor([[0.0, 0, 8, 8]]))
    halves = [1.0, 1, 0, 0]
    torch.testing.assert_close(
        read[0].view(4, 4), torch.tensor([halves, [1.0] * 4, halves, [0.5] * 4])
    )


def test_profiles_of_masks_mend_perturbed_proposals() -> None:
    """On objects that were never seen: from a mean IoU of about 0.75 to 0.85 or more."""
    torch.manual_seed(0)
    network = LocalizationNet(2, 64, MASK_REGION)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for step in range(150):
        features, proposals, boxes = _ellipses(np.random.default_rng([1, step]), 12)
        targets = torch.tensor(
            np.stack([encode_box(*pair) for pair in zip(proposals, boxes, strict=True)])
        )
        deltas = network(features, torch.from_numpy(proposals))
        loss = box_loss(deltas, targets, torch.ones(len(boxes), dtype=torch.bool))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    features, proposals, boxes = _ellipses(np.random.default_rng(9), 60)
    with torch.no_grad():
        deltas = network(features, torch.from_numpy(proposals)).numpy()
    mended = [decode_box(*pair) for pair in zip(proposals, deltas, strict=True)]
    before = np.mean([box_iou(*pair) for pair in zip(proposals, boxes, strict=True)])
    after = np.mean([box_iou(*pair) for pair in zip(mended, boxes, strict=True)])
    assert before < 0.8
    assert after >= 0.85


def _ellipses(
    rng: np.random.Generator, count: int
) -> tuple[torch.Tensor, NDArray[np.float32], NDArray[np.float32]]:
    """Probability and perturbed mask of ellipses, the boxes of both: proposals, then true ones."""
    features: list[NDArray[np.float32]] = []
    proposals: list[NDArray[np.float32]] = []
    boxes: list[NDArray[np.float32]] = []
    options = PerturbationOptions(morphology=8.0, deformation=0.15, translation=0.12)
    while len(boxes) < count:
        mask = np.zeros((80, 120), np.uint8)
        axes = (int(rng.integers(8, 20)), int(rng.integers(6, 14)))
        centre = (int(rng.integers(30, 90)), int(rng.integers(25, 55)))
        cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
        warped = perturb_mask(mask == 1, rng, options)
        proposal, box = proposal_box(warped), mask_box(mask == 1)
        if proposal is not None and box is not None and box_iou(proposal, box) >= 0.5:
            features.append(np.stack((mask.astype(np.float32), warped)))
            proposals.append(proposal)
            boxes.append(box)
    return torch.from_numpy(np.stack(features)), np.stack(proposals), np.stack(boxes)
