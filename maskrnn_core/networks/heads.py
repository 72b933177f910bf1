"""Heads that turn the five taps of VGG into one logit per pixel."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from maskrnn_core.network_shape import STRIDES

OSVOS_CHANNELS = 16


def upsample(x: Tensor, stride: int) -> Tensor:
    """Upsample bilinearly by an integer factor; pixel centres stay (align_corners=False)."""
    if stride == 1:
        return x
    return functional.interpolate(x, scale_factor=stride, mode="bilinear", align_corners=False)


class MaskPrior(nn.Module):
    """The mask itself as logits, at the five scales of the taps: what a head then corrects.

    It starts as their mean, and training weighs the scales.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.full((len(STRIDES),), 1 / len(STRIDES)))

    def forward(self, mask: Tensor) -> Tensor:
        """Logits (N, 1, H, W) from a centred mask of that shape; H and W multiples of 16."""
        logits = self.weights[0] * mask
        for weight, stride in zip(self.weights[1:], STRIDES[1:], strict=True):
            logits = logits + weight * upsample(functional.avg_pool2d(mask, stride), stride)
        return logits


class SingleChannelHead(nn.Module):
    """1x1 convolutions reduce each tap to one channel; then upsample and sum (section 3.3).

    In exact arithmetic this equals upsampling first and combining all channels linearly.
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.scores = nn.ModuleList(nn.Conv2d(c, 1, 1, bias=k == 0) for k, c in enumerate(channels))

    def forward(self, taps: Sequence[Tensor]) -> Tensor:
        """Logits (N, 1, H, W) from taps (N, C_k, H / 2**k, W / 2**k)."""
        logits: Tensor = self.scores[0](taps[0])
        for score, tap, stride in zip(self.scores[1:], taps[1:], STRIDES[1:], strict=True):
            logits = logits + upsample(score(tap), stride)
        return logits


class OsvosHead(nn.Module):
    """3x3 convolutions reduce taps 2 to 5 to 16 channels; upsample, concatenate (OSVOS, 2017)."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.sides = nn.ModuleList(nn.Conv2d(c, OSVOS_CHANNELS, 3, padding=1) for c in channels[1:])
        self.score = nn.Conv2d(OSVOS_CHANNELS * (len(channels) - 1), 1, 1)

    def forward(self, taps: Sequence[Tensor]) -> Tensor:
        """Logits (N, 1, H, W) from taps (N, C_k, H / 2**k, W / 2**k)."""
        sides = zip(self.sides, taps[1:], STRIDES[1:], strict=True)
        features = [upsample(side(tap), stride) for side, tap, stride in sides]
        logits: Tensor = self.score(torch.cat(features, dim=1))
        return logits
