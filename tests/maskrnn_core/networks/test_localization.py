from typing import Literal

import pytest
import torch

from maskrnn_core.networks.localization import LocalizationNet


@pytest.mark.parametrize("pooling", ["pool", "align"])
def test_a_new_localization_net_keeps_the_proposal(pooling: Literal["pool", "align"]) -> None:
    torch.manual_seed(0)
    network = LocalizationNet(6, 8, pooling)
    features = torch.rand(2, 6, 4, 5)
    proposals = torch.tensor([[0.0, 0, 30, 40], [10, 10, 60, 60]])
    deltas = network(features, proposals)
    assert deltas.shape == (2, 4)
    assert deltas.dtype == torch.float32
    assert deltas.abs().max() < 0.1


def test_each_image_is_pooled_inside_its_own_proposal() -> None:
    torch.manual_seed(0)
    network = LocalizationNet(6, 8, "align")
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
    LocalizationNet(6, 8, "pool")(features, torch.tensor([[0.0, 0, 64, 64]])).sum().backward()
    assert features.grad is not None
    assert features.grad.abs().sum() > 0
