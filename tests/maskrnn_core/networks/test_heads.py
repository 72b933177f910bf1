import torch
from torch.nn import functional

from maskrnn_core.network_shape import STRIDES
from maskrnn_core.networks.heads import OsvosHead, SingleChannelHead, upsample

CHANNELS = (3, 4, 5, 6, 7)


def _taps() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    return [
        torch.rand(2, c, 32 // s, 48 // s, dtype=torch.float64, generator=generator)
        for c, s in zip(CHANNELS, STRIDES, strict=True)
    ]


def test_single_channel_head_equals_upsampling_before_combining() -> None:
    taps = _taps()
    head = SingleChannelHead(CHANNELS).double()
    upsampled = [upsample(tap, s) for tap, s in zip(taps, STRIDES, strict=True)]
    weight = torch.cat([score.weight for score in head.scores], dim=1)  # type: ignore[misc]
    expected = functional.conv2d(torch.cat(upsampled, 1), weight, head.scores[0].bias)  # type: ignore[arg-type]
    torch.testing.assert_close(head(taps), expected)


def test_osvos_head_gives_one_logit_per_pixel() -> None:
    assert OsvosHead(CHANNELS).double()(_taps()).shape == (2, 1, 32, 48)


def test_upsampling_does_not_shift() -> None:
    ramp = torch.arange(8.0).view(1, 1, 1, 8).expand(1, 1, 8, 8)
    fine = upsample(ramp, 4)[0, 0, 16]
    positions = (torch.arange(32.0) + 0.5) / 4 - 0.5
    torch.testing.assert_close(fine[4:-4], positions[4:-4])
