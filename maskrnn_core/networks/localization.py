"""The object localization net: box regression from what lies around a proposal."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from maskrnn_core.network_shape import MASK_CELLS, ROI_SIZE, STRIDES, profile_values


@dataclass(frozen=True)
class RegionOptions:
    """How features are read around a proposal; as in Fast R-CNN on conv5_3 by default."""

    pooling: Literal["pool", "align"] = "pool"
    """Quantised max pooling, or bilinear sampling."""
    cells: int = ROI_SIZE
    """Along each side."""
    stride: int = STRIDES[-1]
    """Of the features with respect to the network's input."""
    context: float = 1.0
    """Side of the region relative to the proposal's: an error is seen beyond the proposal, too."""
    as_profiles: bool = False
    """Whether only the largest and the mean value of each row and column are read."""

    @property
    def values(self) -> int:
        """How many numbers are read of a channel."""
        return profile_values(self.cells) if self.as_profiles else self.cells**2


MASK_REGION = RegionOptions("align", cells=MASK_CELLS, stride=1, context=1.5, as_profiles=True)
"""Of the segmentation net's own answer. At 240 lines an object is four cells of conv5_3 wide, and
the errors to be mended are a fraction of one. A side of a box is where the profile of a mask falls
off; from all cells of a mask, the net learns the shapes of the objects that it has seen."""


class LocalizationNet(nn.Module):
    """RoI pooling, two fully connected layers, four box deltas (sections 3.3 and 4).

    Args:
        channels: channels of the features.
        fc_width: width of both fully connected layers.
        region: how they are read.
    """

    def __init__(self, channels: int, fc_width: int, region: RegionOptions) -> None:
        super().__init__()
        self.region = region
        self.fc6 = nn.Linear(channels * region.values, fc_width)
        self.fc7 = nn.Linear(fc_width, fc_width)
        self.deltas = nn.Linear(fc_width, 4)
        for layer in (self.fc6, self.fc7):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
        nn.init.normal_(self.deltas.weight, std=0.001)
        nn.init.zeros_(self.deltas.bias)

    def forward(self, features: Tensor, proposals: Tensor) -> Tensor:
        """Normalised deltas (dx, dy, dw, dh), one row per image.

        Args:
            features: (N, C, H / stride, W / stride).
            proposals: (N, 4), one box per image, xyxy in pixels of the network's input.

        Returns:
            (N, 4), float32.
        """
        index = torch.arange(len(proposals), device=proposals.device, dtype=torch.float32)
        region = self.region
        rois = torch.cat((index[:, None], _enlarged(proposals.float(), region.context)), dim=1)
        # The pooling kernels know no bfloat16 on the CPU.
        pooled = _pooled(features.float(), rois, region)
        read = _profiles(pooled) if region.as_profiles else pooled
        hidden = functional.relu(self.fc6(read.flatten(1)))
        hidden = functional.relu(self.fc7(hidden))
        deltas: Tensor = self.deltas(hidden)
        return deltas.float()


def _pooled(maps: Tensor, rois: Tensor, region: RegionOptions) -> Tensor:
    """Cells (N, C, S, S) of the regions (N, 5), each the index of its image and a box."""
    # Not at the top: torchvision loads torch's compiler, which takes as long as torch itself, and
    # networks without boxes do without both.
    from torchvision.ops import roi_align, roi_pool

    scale = 1 / region.stride
    cells: Tensor
    if region.pooling == "pool":
        cells = roi_pool(maps, rois, region.cells, scale)
    else:
        cells = roi_align(maps, rois, region.cells, scale, sampling_ratio=2, aligned=True)
    return cells


def _profiles(cells: Tensor) -> Tensor:
    """Largest and mean value of the columns and rows, (N, C, 4 S), of square cells (N, C, S, S)."""
    return torch.cat((cells.amax(2), cells.amax(3), cells.mean(2), cells.mean(3)), dim=2)


def _enlarged(boxes: Tensor, factor: float) -> Tensor:
    """Boxes (N, 4) scaled about their middles."""
    if factor == 1:
        return boxes
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]) * factor / 2
    return torch.cat((middle - half, middle + half), dim=1)
