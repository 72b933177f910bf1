"""Frames up to the sizes that a network takes, and its flow back to the frames' size."""

import torch.nn.functional as F
from torch import Tensor


def enlarge(frames: Tensor, multiple: int, *, smallest: int = 0) -> Tensor:
    """Frames (N, C, H, W) brought up to the next multiples and to `smallest` pixels a side.

    Cropping would lose the border, and padding would add edges and shift the mean.
    """
    height, width = (
        -(-max(length, smallest) // multiple) * multiple for length in frames.shape[2:]
    )
    if (height, width) == frames.shape[2:]:
        return frames
    return F.interpolate(frames, size=(height, width), mode="bilinear", align_corners=False)


def resize_flow(flow: Tensor, size: tuple[int, int]) -> Tensor:
    """Flow (N, 2, H, W) brought to `size` (height, width), each component scaled by its axis."""
    height, width = flow.shape[2:]
    if (height, width) == size:
        return flow
    scale = flow.new_tensor([size[1] / width, size[0] / height]).view(1, 2, 1, 1)
    return F.interpolate(flow, size=size, mode="bilinear", align_corners=False) * scale
