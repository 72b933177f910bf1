"""The layers that all networks of the family consist of (FlowNet 2.0; no batch norm)."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FLOW_SCALE = 20.0
"""The networks read and predict flow in pixels divided by this number."""


def convolution(inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution with bias and LeakyReLU 0.1; keys `0.weight`, `0.bias`."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=(kernel - 1) // 2),
        nn.LeakyReLU(0.1, inplace=True),
    )


def linear_convolution(inputs: int, outputs: int) -> nn.Sequential:
    """The 3x3 convolution before a prediction, without activation; keys `0.weight`, `0.bias`."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1))


def deconvolution(inputs: int, outputs: int) -> nn.Sequential:
    """Transposed 4x4 convolution to twice the size, LeakyReLU 0.1; keys `0.weight`, `0.bias`."""
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1),
        nn.LeakyReLU(0.1, inplace=True),
    )


def flow_prediction(inputs: int) -> nn.Conv2d:
    """3x3 convolution to the two components of flow."""
    return nn.Conv2d(inputs, 2, 3, padding=1)


def flow_upsampling(*, bias: bool) -> nn.ConvTranspose2d:
    """Learned doubling of a flow field's size."""
    return nn.ConvTranspose2d(2, 2, 4, stride=2, padding=1, bias=bias)


def join(*parts: Tensor) -> Tensor:
    """Concatenate along the channels, in channels_last layout.

    With parts in different layouts torch copies every value separately, about six times slower.
    """
    return torch.cat([part.contiguous(memory_format=torch.channels_last) for part in parts], 1)


def upsample4(
    flow: Tensor, mode: Literal["bilinear", "nearest"], *, align_corners: bool = False
) -> Tensor:
    """Upsample (N, 2, h, w) to (N, 2, 4h, 4w) without scaling; `align_corners`: bilinear only."""
    if mode == "nearest":
        return F.interpolate(flow, scale_factor=4.0, mode="nearest")
    return F.interpolate(flow, scale_factor=4.0, mode="bilinear", align_corners=align_corners)
