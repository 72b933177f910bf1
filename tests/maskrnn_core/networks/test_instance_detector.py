"""Mask R-CNN with random weights: what it gives, and weights that do not fit."""

import pytest
import torch
from torch import Tensor
from torchvision.models.detection import maskrcnn_resnet50_fpn_v2

from maskrnn_core.compute import Compute
from maskrnn_core.errors import IncompatibleWeightsError
from maskrnn_core.networks.instance_detector import CATEGORIES, InstanceDetector

CPU = Compute(torch.device("cpu"), bfloat16=False)


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    """Random weights; a bias on one category makes every box an instance of it."""
    torch.manual_seed(0)
    network = maskrcnn_resnet50_fpn_v2(
        weights=None, weights_backbone=None, num_classes=CATEGORIES, box_detections_per_img=5
    )
    found = dict(network.state_dict())
    found["roi_heads.box_predictor.cls_score.bias"][7] += 20
    return found


def test_instances_have_the_size_of_the_frame(state: dict[str, Tensor]) -> None:
    detector = InstanceDetector(state, CPU, least_score=0.5, short_side=64)
    frame = 255 * torch.rand(1, 3, 40, 60, generator=torch.Generator().manual_seed(1))
    found = detector.find(frame)
    count = len(found.categories)
    assert count > 0
    assert set(found.categories) == {7}
    assert found.masks.shape == (count, 40, 60)
    assert found.masks.dtype == torch.float32
    assert 0 <= found.masks.min() <= found.masks.max() <= 1
    assert detector.find(frame.clone()) is found, "the same frame is looked at once"
    assert detector.find(255 - frame) is not found


def test_a_frame_without_instances(state: dict[str, Tensor]) -> None:
    shy = {**state, "roi_heads.box_predictor.cls_score.bias": torch.zeros(CATEGORIES)}
    shy["roi_heads.box_predictor.cls_score.bias"][0] = 20.0
    found = InstanceDetector(shy, CPU, 0.5, 64).find(torch.zeros(1, 3, 40, 60))
    assert found.categories == ()
    assert found.masks.shape == (0, 40, 60)


def test_weights_of_another_network(state: dict[str, Tensor]) -> None:
    name = "roi_heads.mask_predictor.mask_fcn_logits.bias"
    without = {key: value for key, value in state.items() if key != name}
    with pytest.raises(IncompatibleWeightsError, match=f"maskrcnn_resnet50_fpn_v2 .*{name}"):
        InstanceDetector(without, CPU, 0.5, 64)
