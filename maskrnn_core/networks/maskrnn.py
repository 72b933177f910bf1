"""One object's network: two-stream segmentation net and localization net (Figure 2)."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.network_shape import MASK_CHANNELS, STRIDES
from maskrnn_core.networks.heads import MaskPrior, OsvosHead, SingleChannelHead
from maskrnn_core.networks.inputs import IMAGENET_MEAN, IMAGENET_STD, centre, pad_to_multiple
from maskrnn_core.networks.localization import (
    MASK_REGION,
    LocalizationNet,
    RegionOptions,
)
from maskrnn_core.networks.vgg import VGGStages, stage_channels
from maskrnn_core.options import NetworkOptions


class Segmentation(NamedTuple):
    """Output of the segmentation net for a batch."""

    logits: Tensor
    """(N, 1, H, W), float32 or more precise; the probability is their sigmoid."""
    features: Tensor
    """What the localization net reads: conv5_3 of the appearance stream, (N, C, ceil(H / 16),
    ceil(W / 16)), or probability and warped mask, (N, 2, H, W)."""


class Stream(nn.Module):
    """VGG-16 stages and a head: one logit per pixel from an input of `in_channels`.

    With a prior, the head corrects the mask, which is the last channel of the input.
    """

    def __init__(self, stages: VGGStages, head: nn.Module, prior: MaskPrior | None = None) -> None:
        super().__init__()
        self.vgg = stages
        self.head = head
        self.prior = prior

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, 1, H, W) and conv5_3 features; height and width are multiples of 16."""
        taps = self.vgg(x)
        logits = self.head(taps)
        if self.prior is not None:
            logits = logits + self.prior(x[:, -1:])
        return logits, taps[-1]


class MaskRNN(nn.Module):
    """Segmentation and localization of one object.

    Args:
        appearance: stream that reads RGB and, if `reads_mask`, the warped mask.
        motion: stream that reads |backward|, |forward| and, if `reads_mask`, the warped mask.
            None: no motion stream.
        localization: box regression. None: no localization net.
        reads_mask: whether the streams see the previous mask.
    """

    def __init__(
        self,
        appearance: Stream,
        motion: Stream | None,
        localization: LocalizationNet | None,
        reads_mask: bool = True,
    ) -> None:
        super().__init__()
        self.appearance = appearance
        self.motion = motion
        self.localization = localization
        self.reads_mask = reads_mask
        self.layout = torch.contiguous_format
        self.combine = nn.Conv2d(2, 1, 1) if motion is not None else None
        if self.combine is not None:
            nn.init.ones_(self.combine.weight)
            nn.init.zeros_(self.combine.bias)  # type: ignore[arg-type]
        # Constants that belong to the backbone's weights: buffers are saved in the checkpoint.
        self.register_buffer("pixel_mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1) * 255)
        self.register_buffer("pixel_std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1) * 255)
        self.pixel_mean: Tensor
        self.pixel_std: Tensor

    def arrange(self, layout: torch.memory_format) -> None:
        """Order the weights, and from now on the inputs, in memory; no value changes."""
        self.layout = layout
        self.to(memory_format=layout)

    @property
    def streams(self) -> list[Stream]:
        """The streams of this network: appearance, then motion if it exists."""
        return [stream for stream in (self.appearance, self.motion) if stream is not None]

    def forward(self, frame: Tensor, mask: Tensor, magnitudes: Tensor | None) -> Segmentation:
        """Segment one object in a batch of frames.

        Args:
            frame: (N, 3, H, W) RGB in [0, 255].
            mask: (N, 1, H, W), the warped previous probability in [0, 1].
            magnitudes: (N, 2, H, W) in [0, 1], backward and forward flow (`flow_magnitude`);
                None only without a motion stream.

        Raises:
            InvalidInputError: there is a motion stream, but no magnitudes are given.
        """
        height, width = frame.shape[-2:]
        warped = [centre(mask)] if self.reads_mask else []
        image = (frame - self.pixel_mean) / self.pixel_std
        logits, features = self.appearance(self._padded(torch.cat([image, *warped], dim=1)))
        if self.motion is not None and self.combine is not None:
            if magnitudes is None:
                raise InvalidInputError("the motion stream needs flow magnitudes; give both flows")
            motion = torch.cat([centre(magnitudes), *warped], dim=1)
            motion_logits, _ = self.motion(self._padded(motion))
            logits = self.combine(torch.cat((logits, motion_logits), dim=1))
        precise = torch.promote_types(logits.dtype, torch.float32)
        logits = logits[..., :height, :width].to(precise)
        if self.localization is not None and self.localization.region == MASK_REGION:
            # Detached: the box loss teaches the localization net alone.
            features = torch.cat((torch.sigmoid(logits).detach(), mask.to(precise)), dim=1)
        return Segmentation(logits, features)

    def _padded(self, x: Tensor) -> Tensor:
        # Padding keeps every tap in place to the pixel; resizing would not.
        padded = pad_to_multiple(x, STRIDES[-1])
        return padded.contiguous(memory_format=self.layout)


def build_network(options: NetworkOptions) -> MaskRNN:
    """Build a network with random (Kaiming) weights. Seed torch first to repeat them.

    The mask channel of the appearance stream starts at zero, so the net starts as an RGB net.
    """
    channels = stage_channels(options.width)
    reads_mask = options.mask_input != "none"
    everywhere = reads_mask and options.mask_at == "stages"

    def stream(in_channels: int) -> Stream:
        head = SingleChannelHead if options.head == "single" else OsvosHead
        stages = VGGStages(in_channels, options.width, options.norm, reads_mask=everywhere)
        return Stream(stages, head(channels), MaskPrior() if everywhere else None)

    appearance = stream(3 + reads_mask)
    appearance.vgg.silence_mask_channel()
    motion = stream(2 + reads_mask) if options.flow_stream else None
    localization = _localization_net(options, channels[-1]) if options.localization else None
    network = MaskRNN(appearance, motion, localization, reads_mask)
    network.arrange(torch.channels_last)
    return network


def _localization_net(options: NetworkOptions, channels: int) -> LocalizationNet:
    if options.roi_features == "profiles":
        return LocalizationNet(MASK_CHANNELS, options.fc_width, MASK_REGION)
    return LocalizationNet(channels, options.fc_width, RegionOptions(options.roi_pooling))
