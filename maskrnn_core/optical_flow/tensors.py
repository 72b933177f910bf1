"""Frames and flow between numpy and torch."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from maskrnn_core.video import FloatArray, UInt8Array


def frames_tensor(frames: Sequence[UInt8Array], device: torch.device) -> Tensor:
    """uint8 (H, W, 3) each to float32 (N, 3, H, W) in [0, 255]; bytes are what moves."""
    bytes_ = torch.from_numpy(np.stack(frames)).to(device)
    return bytes_.permute(0, 3, 1, 2).float()


def flow_array(flow: Tensor) -> FloatArray:
    """(2, H, W) in pixels to float32 (H, W, 2), contiguous."""
    array = flow.permute(1, 2, 0).float().cpu().numpy()
    return np.ascontiguousarray(array, np.float32)


def flow_pairs(forward: Tensor, backward: Tensor) -> list[tuple[FloatArray, FloatArray]]:
    """(N, 2, H, W) of both directions to arrays, pair by pair."""
    return [
        (flow_array(there), flow_array(back)) for there, back in zip(forward, backward, strict=True)
    ]
