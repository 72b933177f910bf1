"""Frames and flow between numpy and torch."""

import numpy as np
import torch
from torch import Tensor

from maskrnn_core.video import FloatArray, UInt8Array


def frame_tensor(frame: UInt8Array, device: torch.device) -> Tensor:
    """uint8 (H, W, 3) to float32 (1, 3, H, W) in [0, 255] on the device; bytes are what moves."""
    return torch.tensor(frame, device=device).permute(2, 0, 1)[None].float()


def flow_array(flow: Tensor) -> FloatArray:
    """(1, 2, H, W) in pixels to float32 (H, W, 2), contiguous."""
    array = flow[0].permute(1, 2, 0).float().cpu().numpy()
    return np.ascontiguousarray(array, np.float32)
