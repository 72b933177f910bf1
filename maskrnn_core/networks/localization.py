"""The object localization net: box regression from conv5_3 of the appearance stream."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import roi_align, roi_pool

from maskrnn_core.network_shape import ROI_SIZE, STRIDES


class LocalizationNet(nn.Module):
    """RoI pooling to 7x7, two fully connected layers, four box deltas (sections 3.3 and 4).

    Args:
        channels: channels of conv5_3.
        fc_width: width of both fully connected layers.
        pooling: "pool" as in Fast R-CNN, or "align" for bilinear sampling.
    """

    def __init__(self, channels: int, fc_width: int, pooling: Literal["pool", "align"]) -> None:
        super().__init__()
        self.pooling = pooling
        self.fc6 = nn.Linear(channels * ROI_SIZE**2, fc_width)
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
            features: (N, C, H / 16, W / 16), conv5_3.
            proposals: (N, 4), one box per image, xyxy in pixels of the network's input.

        Returns:
            (N, 4), float32.
        """
        index = torch.arange(len(proposals), device=proposals.device, dtype=torch.float32)
        rois = torch.cat((index[:, None], proposals.float()), dim=1)
        scale = 1 / STRIDES[-1]
        # The pooling kernels know no bfloat16 on the CPU.
        maps = features.float()
        if self.pooling == "pool":
            pooled = roi_pool(maps, rois, ROI_SIZE, scale)
        else:
            pooled = roi_align(maps, rois, ROI_SIZE, scale, sampling_ratio=2, aligned=True)
        hidden = functional.relu(self.fc6(pooled.flatten(1)))
        hidden = functional.relu(self.fc7(hidden))
        deltas: Tensor = self.deltas(hidden)
        return deltas.float()
