"""Resizes frames to sizes that a network supports, and its flow back to the frames' size."""

import torch.nn.functional as F
from torch import Tensor


def enlarge(frames: Tensor, multiple: int, *, smallest: int = 0) -> Tensor:
    """Enlarge frames (N, C, H, W) to the next multiples, and at least `smallest` pixels per side.

    Cropping would lose the border. Padding would add edges and shift the mean.
    """
    height, width = (
        -(-max(length, smallest) // multiple) * multiple for length in frames.shape[2:]
    )
    if (height, width) == frames.shape[2:]:
        return frames
    return F.interpolate(frames, size=(height, width), mode="bilinear", align_corners=False)


def resize_flow(flow: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize flow (N, 2, H, W) to `size` (height, width); scale each component by its axis."""
    height, width = flow.shape[2:]
    if (height, width) == size:
        return flow
    scale = flow.new_tensor([size[1] / width, size[0] / height]).view(1, 2, 1, 1)
    return F.interpolate(flow, size=size, mode="bilinear", align_corners=False) * scale
