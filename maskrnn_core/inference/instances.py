"""Object instances as evidence: which of them are the object, and what they say of its pixels."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from maskrnn_core.inference.continuity import Window
from maskrnn_core.options.instances import InstanceOptions

if TYPE_CHECKING:
    from maskrnn_core.networks.instance_detector import InstanceDetector


class InstanceGuide:
    """Guides the network of one object by the instances of its categories.

    Args:
        detector: of all objects of a video.
        options: weight of the evidence, and how well instances must fit.
    """

    def __init__(self, detector: "InstanceDetector", options: InstanceOptions) -> None:
        self._detector = detector
        self._options = options

    def categories(self, frame: Tensor, mask: Tensor) -> frozenset[int]:
        """Categories of an object: those of the instances that lie in its given mask.

        An object may consist of several, such as a rider and a horse. It has none where its
        instances do not cover it.

        Args:
            frame: (1, 3, H, W) RGB in [0, 255].
            mask: (H, W) truth values.
        """
        masks, found = self._detector.find(frame)
        inside = self._within(masks, mask)
        if self._covering(masks[inside], mask) is None:
            return frozenset()
        return frozenset(c for c, kept in zip(found, inside.tolist(), strict=True) if kept)

    def evidence(
        self, frame: Tensor, window: Window, mask: Tensor, categories: frozenset[int]
    ) -> Tensor | None:
        """What instances add to the log odds of a window: (H, W) from -weight to weight.

        Args:
            frame: (1, 3, H, W), the whole frame.
            window: rows and columns that the network read.
            mask: truth values of the window: the network's own answer.
            categories: of the object.

        Returns:
            None where no instances of these categories fit the answer.
        """
        if not categories:
            return None
        masks, found = self._detector.find(frame)
        known = torch.tensor([c in categories for c in found], dtype=torch.bool)
        candidates = masks[known.to(masks.device)][:, *window]
        fitting = candidates[self._within(candidates, mask)]
        union = self._covering(fitting, mask)
        return None if union is None else self._options.weight * (2 * union - 1)

    def _within(self, masks: Tensor, mask: Tensor) -> Tensor:
        """Which instances (N, H, W) lie in a mask: N truth values."""
        pixels = masks >= 0.5
        areas, common = pixels.sum((1, 2)), (pixels & mask).sum((1, 2))
        return (common > 0) & (common >= self._options.least_overlap * areas)

    def _covering(self, masks: Tensor, mask: Tensor) -> Tensor | None:
        """The union (H, W) of instances in [0, 1]; None where it does not fit the mask."""
        if not len(masks):
            return None
        union = masks.amax(0)
        pixels = union >= 0.5
        overlap = (pixels & mask).sum() / (pixels | mask).sum()
        return union if bool(overlap >= self._options.least_overlap) else None
