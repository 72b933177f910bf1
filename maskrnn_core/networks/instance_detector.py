"""Mask R-CNN of torchvision: the object instances of a frame."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torchvision.models.detection import maskrcnn_resnet50_fpn_v2

from maskrnn_core.compute import Compute
from maskrnn_core.errors import IncompatibleWeightsError

CATEGORIES = 91
"""Of COCO, as torchvision numbers them; 0 is the background."""


class Instances(NamedTuple):
    """The N instances that a detector finds in a frame."""

    masks: Tensor
    """(N, H, W) float32 in [0, 1]."""
    categories: tuple[int, ...]
    """N numbers from 1 to 90."""


class InstanceDetector:
    """Finds instances frame by frame (He et al., "Mask R-CNN", 2017).

    Args:
        state: state_dict of torchvision's `maskrcnn_resnet50_fpn_v2`, trained on COCO.
        compute: where it runs.
        least_score: instances with a lower score are left out.
        short_side: pixels of the frame's short side as the network sees it.

    Raises:
        IncompatibleWeightsError: weights of another network.
    """

    def __init__(
        self, state: Mapping[str, Tensor], compute: Compute, least_score: float, short_side: int
    ) -> None:
        network = maskrcnn_resnet50_fpn_v2(
            weights=None,
            weights_backbone=None,
            num_classes=CATEGORIES,
            min_size=short_side,
            box_score_thresh=least_score,
        )
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            problem = " ".join(str(error).split())[:200]
            raise IncompatibleWeightsError(
                f"the weights are not those of torchvision's maskrcnn_resnet50_fpn_v2 ({problem})"
            ) from None
        self._network = network.to(compute.device).eval()
        self._compute = compute
        self._last: tuple[Tensor, Instances] | None = None

    @torch.inference_mode()
    def find(self, frame: Tensor) -> Instances:
        """The instances of a frame (1, 3, H, W), RGB in [0, 255].

        All objects of a video ask for the same frame; it is looked at once.
        """
        if self._last is not None and _same(self._last[0], frame):
            return self._last[1]
        with self._compute.autocast():
            found = self._network([frame[0] / 255])[0]
        instances = Instances(found["masks"][:, 0].float(), tuple(found["labels"].tolist()))
        self._last = (frame, instances)
        return instances


def _same(one: Tensor, other: Tensor) -> bool:
    return one is other or (one.shape == other.shape and torch.equal(one, other))
