"""Inputs of the streams: flow magnitudes and masks in the range of a normalised image."""

import torch
from torch import Tensor

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
"""RGB constants of torchvision's VGG-16 weights, for values in [0, 1]."""

LARGEST_MAGNITUDE = 0.05
"""Flow magnitudes are clipped here, relative to the frame's width (43 px at 480p)."""
HALF_RANGE = 2.0
"""Normalised images lie within about +-2; the other channels are scaled to the same range."""


def flow_magnitude(flow: Tensor, frame_width: float) -> Tensor:
    """Length of the flow vectors relative to the frame: (N, 1, H, W) in [0, 1], clipped.

    Args:
        flow: (N, 2, H, W), (dx, dy) in pixels.
        frame_width: width of the whole frame in pixels, even if `flow` is a crop of it.

    The scale is fixed; scaling by each frame's own extremes would flicker.
    """
    length: Tensor = torch.linalg.vector_norm(flow.float(), dim=1, keepdim=True)
    return (length / (LARGEST_MAGNITUDE * frame_width)).clamp(max=1.0)


def centre(x: Tensor) -> Tensor:
    """Scale masks or flow magnitudes from [0, 1] to [-2, 2]."""
    return (x - 0.5) * (2 * HALF_RANGE)


def pad_to_multiple(x: Tensor, multiple: int) -> Tensor:
    """Pad with zeros at the right and bottom until height and width are multiples."""
    height, width = x.shape[-2:]
    return torch.nn.functional.pad(x, (0, -width % multiple, 0, -height % multiple))
