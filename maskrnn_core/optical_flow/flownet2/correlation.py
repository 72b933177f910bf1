"""The cost volume of FlowNetC as a few batched matrix products."""

import torch
import torch.nn.functional as F
from torch import Tensor

from maskrnn_core.errors import InvalidInputError

_TILE = 32
"""Columns per product: more columns waste products off the band, fewer slow the products down."""


def correlation(
    first: Tensor, second: Tensor, *, max_displacement: int = 20, stride: int = 2
) -> Tensor:
    """Mean product of the channels of each pixel with those of its displaced partners.

    `out[(tj + r) * (2r + 1) + ti + r, y, x] =
    1/C sum_c first[c, y, x] * second[c, y + s tj, x + s ti]` with `s = stride`,
    `r = max_displacement // stride` and zeros outside the second image (FlowNet, section 3; the
    kernel is one pixel and the first image is visited at every pixel).

    Args:
        first, second: (N, C, H, W) of one floating type.
        max_displacement: largest displacement in pixels, per axis.
        stride: step between displacements in pixels.

    Returns:
        (N, (2r + 1)^2, H, W) in channels_last layout; 441 channels with the defaults. The extra
        memory is one row-by-row product per vertical displacement.

    Raises:
        InvalidInputError: the images differ in shape, or a displacement is not positive.
    """
    if first.dim() != 4 or first.shape != second.shape:
        raise InvalidInputError(
            f"correlation takes two images (N, C, H, W) of one shape, "
            f"not {tuple(first.shape)} and {tuple(second.shape)}"
        )
    if stride < 1 or max_displacement < 0:
        raise InvalidInputError(
            f"correlation takes a stride of at least 1 and a displacement of at least 0, "
            f"not {stride} and {max_displacement}"
        )
    batch, channels, height, width = first.shape
    radius = max_displacement // stride
    span = 2 * radius + 1
    columns = -(-width // stride)
    left = _by_column_phase(first / channels, stride).transpose(3, 4).contiguous()
    right = F.pad(_by_column_phase(second, stride), (radius, radius)).contiguous()
    volume = first.new_zeros(height, batch, columns, stride, span, span)
    tile = -(-columns // -(-columns // _TILE))
    for tj in range(-radius, radius + 1):
        top, bottom = max(0, -stride * tj), min(height, height - stride * tj)
        partner = right[top + stride * tj : bottom + stride * tj]
        for start in range(0, columns if top < bottom else 0, tile):
            stop = min(columns, start + tile)
            band = _diagonal_band(
                left[top:bottom, ..., start:stop, :],
                partner[..., start : stop + span - 1],
            )
            volume[top:bottom, :, start:stop, :, tj + radius] = band.transpose(2, 3)
    flat: Tensor = volume.view(height, batch, columns * stride, span * span)[:, :, :width]
    return flat.permute(1, 3, 0, 2)


def _by_column_phase(image: Tensor, stride: int) -> Tensor:
    """(H, N, stride, C, ceil(W / stride)): column `stride * i + phase` at [phase, i].

    Columns of one phase are only multiplied with columns of the same phase. Rows come first, so
    that a range of rows of the whole batch is contiguous.
    """
    rows = F.pad(image.permute(2, 0, 1, 3), (0, -image.shape[3] % stride))
    return rows.view(*rows.shape[:3], -1, stride).permute(0, 1, 4, 2, 3)


def _diagonal_band(left: Tensor, right: Tensor) -> Tensor:
    """Products of `left` column i with `right` columns i .. i + span - 1.

    `left` is (R, N, S, w, C) and `right` is (R, N, S, C, w + span - 1). Returns (R, N, S, w, span),
    a view of the diagonal band of the full product.
    """
    rows, batch, phases, columns, _ = left.shape
    length = right.shape[4]
    product = torch.bmm(left.flatten(0, 2), right.flatten(0, 2))
    band = product.as_strided(
        (product.shape[0], columns, length - columns + 1), (columns * length, length + 1, 1)
    )
    return band.view(rows, batch, phases, columns, length - columns + 1)
