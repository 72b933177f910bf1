"""The length of the vector of channels at every pixel."""

import torch
from torch import Tensor


def channel_norm(values: Tensor) -> Tensor:
    """Euclidean norm over the channels: `sqrt(sum_c values[c]^2)`.

    Args:
        values: (N, C, H, W), any floating type.

    Returns:
        (N, 1, H, W) of the same type. Half precision is squared and summed in float32, because
        256^2 exceeds the range of float16. The gradient at a zero vector is zero.
    """
    precise = torch.promote_types(values.dtype, torch.float32)
    # channels_last in memory: the reduction is about twenty times slower otherwise.
    values = values.contiguous(memory_format=torch.channels_last)
    norm: Tensor = torch.linalg.vector_norm(values, dim=1, keepdim=True, dtype=precise)
    return norm.to(values.dtype)
