"""Backward warping by optical flow (the function phi of section 3.3)."""

import torch
from torch import Tensor
from torch.nn import functional


def warp(image: Tensor, flow: Tensor) -> Tensor:
    """Sample `image` bilinearly at p + flow(p); zero outside the frame. Differentiable in both.

    Args:
        image: (N, C, H, W), values of frame t-1, such as the previous probability.
        flow: (N, 2, H, W), backward flow (dx, dy) of frame t in pixels.

    Returns:
        (N, C, H, W) on the grid of frame t.
    """
    height, width = image.shape[-2:]
    x = torch.arange(width, device=flow.device, dtype=flow.dtype) + flow[:, 0]
    y = torch.arange(height, device=flow.device, dtype=flow.dtype)[:, None] + flow[:, 1]
    # grid_sample counts pixel centres as (2 i + 1) / size - 1 with align_corners=False.
    grid = torch.stack(((2 * x + 1) / width - 1, (2 * y + 1) / height - 1), dim=-1)
    return functional.grid_sample(
        image, grid.to(image.dtype), mode="bilinear", padding_mode="zeros", align_corners=False
    )
