"""Conversion of frames and flow between numpy and torch."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from maskrnn_core.video import FloatArray, UInt8Array


def frames_tensor(frames: Sequence[UInt8Array], device: torch.device) -> Tensor:
    """Convert uint8 (H, W, 3) frames to float32 (N, 3, H, W) in [0, 255], after the transfer."""
    bytes_ = torch.from_numpy(np.stack(frames)).to(device)
    return bytes_.permute(0, 3, 1, 2).float()


def flow_array(flow: Tensor) -> FloatArray:
    """Convert (2, H, W) in pixels to contiguous float32 (H, W, 2)."""
    array = flow.permute(1, 2, 0).float().cpu().numpy()
    return np.ascontiguousarray(array, np.float32)


def flow_pairs(forward: Tensor, backward: Tensor) -> list[tuple[FloatArray, FloatArray]]:
    """Convert (N, 2, H, W) of both directions to one pair of arrays per frame pair."""
    return [
        (flow_array(there), flow_array(back)) for there, back in zip(forward, backward, strict=True)
    ]
