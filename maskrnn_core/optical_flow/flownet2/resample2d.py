"""Warping of an image by a flow field."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from maskrnn_core.errors import InvalidInputError

Border = Literal["clamp", "zeros"]
"""Values outside the image: its nearest pixel, or zeros (the original Caffe networks)."""


def resample2d(image: Tensor, flow: Tensor, *, border: Border = "clamp") -> Tensor:
    """Bilinear samples of `image` at `(x + u, y + v)`.

    Args:
        image: (N, C, H, W).
        flow: (N, 2, H, W), (u, v) in pixels, float32 or float64 as the image.
        border: "clamp" limits each of the four taps to the image; "zeros" gives zero for every
            position outside the rectangle of pixel centres.

    Returns:
        (N, C, H, W). If `image` is the second frame and `flow` leads from the first frame to the
        second, this is the second frame on the grid of the first.

    Raises:
        InvalidInputError: the shapes do not fit together, or the border is unknown.
    """
    if image.dim() != 4 or flow.shape != (image.shape[0], 2, *image.shape[2:]):
        raise InvalidInputError(
            f"resample2d takes an image (N, C, H, W) and a flow (N, 2, H, W) of its size, "
            f"not {tuple(image.shape)} and {tuple(flow.shape)}"
        )
    if border not in ("clamp", "zeros"):
        raise InvalidInputError(f"border {border!r} is unknown: use 'clamp' or 'zeros'")
    height, width = image.shape[2:]
    column = torch.arange(width, dtype=flow.dtype, device=flow.device)
    row = torch.arange(height, dtype=flow.dtype, device=flow.device)[:, None]
    x = column + flow[:, 0]
    y = row + flow[:, 1]
    # We normalise as with align_corners=False, because (W - 1) would be 0 for W = 1.
    grid = torch.stack(((2 * x + 1) / width - 1, (2 * y + 1) / height - 1), dim=-1)
    warped = F.grid_sample(image, grid, mode="bilinear", padding_mode="border", align_corners=False)
    if border == "zeros":
        inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
        warped = warped * inside[:, None]
    return warped
