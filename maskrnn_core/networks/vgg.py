"""The convolutions of VGG-16 (Simonyan and Zisserman, 2015), with taps before each pooling."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from maskrnn_core.network_shape import GROUP_SIZE, vgg_channels


def stage_channels(width: float) -> tuple[int, ...]:
    """Channels of the five taps (conv1_2, 2_2, 3_3, 4_3, 5_3) at a relative width."""
    return tuple(stage[-1] for stage in vgg_channels(width))


class VGGStages(nn.Module):
    """Thirteen 3x3 convolutions in five stages, with 2x2 max pooling between the stages.

    Args:
        in_channels: channels of the input.
        width: channels relative to VGG-16.
        norm: "none" as in VGG-16, or "group" for group normalisation after each convolution.
        reads_mask: whether the last channel of the input, shrunk, enters stages 2 to 5 as well.
    """

    def __init__(
        self,
        in_channels: int,
        width: float,
        norm: Literal["none", "group"],
        *,
        reads_mask: bool = False,
    ) -> None:
        super().__init__()
        stages: list[nn.Sequential] = []
        channels = in_channels
        for stage in vgg_channels(width):
            layers: list[nn.Module] = []
            for out in stage:
                layers.append(nn.Conv2d(channels, out, 3, padding=1, bias=norm == "none"))
                if norm == "group":
                    layers.append(nn.GroupNorm(out // GROUP_SIZE, out))
                layers.append(nn.ReLU(inplace=True))
                channels = out
            stages.append(nn.Sequential(*layers))
        self.stages = nn.ModuleList(stages)
        guided = stage_channels(width)[1:] if reads_mask else ()
        self.guides = nn.ModuleList(nn.Conv2d(1, c, 3, padding=1, bias=False) for c in guided)
        self._initialise()

    def convolutions(self) -> list[nn.Conv2d]:
        """The thirteen convolutions, first to last."""
        return [module for module in self.stages.modules() if isinstance(module, nn.Conv2d)]

    def blocks(self, count: int) -> list[nn.Module]:
        """The first `count` of the five stages, and how they read the mask."""
        return [*list(self.stages)[:count], *list(self.guides)[: max(count - 1, 0)]]

    def forward(self, x: Tensor) -> list[Tensor]:
        """Features after the last ReLU of each stage.

        Args:
            x: (N, in_channels, H, W); H and W multiples of 16.

        Returns:
            Five tensors (N, C_k, H / 2**k, W / 2**k), k = 0..4.
        """
        mask, taps = x[:, -1:], []
        for index, stage in enumerate(self.stages):
            x = functional.max_pool2d(x, 2) if index else x
            if index and self.guides:
                mask = functional.avg_pool2d(mask, 2)
                # The same as one more input channel of the stage's first convolution.
                first, *others = stage.children()
                x = first(x) + self.guides[index - 1](mask)
                for layer in others:
                    x = layer(x)
            else:
                x = stage(x)
            taps.append(x)
        return taps

    def _initialise(self) -> None:
        for convolution in self.convolutions():
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            if convolution.bias is not None:
                nn.init.zeros_(convolution.bias)
        for guide in self.guides:
            nn.init.zeros_(guide.weight)  # type: ignore[arg-type]

    def silence_mask_channel(self) -> None:
        """Set the first convolution's weights beyond RGB to zero: the net starts as an RGB net."""
        with torch.no_grad():
            self.convolutions()[0].weight[:, 3:] = 0
