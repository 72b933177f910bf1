"""The common interface of all six networks: frames of any size to flow in pixels."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.flownet2.pairs import FramePairs
from maskrnn_core.optical_flow.flownet2.resample2d import Border
from maskrnn_core.optical_flow.resizing import resize_flow


class FlowNetwork(nn.Module, ABC):
    """A network of the FlowNet2 family, called with two frames.

    The weights may be bfloat16. Convolutions then run in bfloat16; frames, warps and flow stay in
    float32. Every constructor takes the same options:

    Args:
        align_corners: for the bilinear enlargement of flow by four. False as in the public PyTorch
            networks; True as in the original Caffe networks.
        border: for the warps inside the stack: "clamp" as in the public PyTorch networks, "zeros"
            as in the original Caffe networks. A single network does not warp.
        upsampled_flow_bias: whether FlowNetS upsamples flow with a bias, as in the original Caffe
            networks. It has no effect without FlowNetS.
    """

    bytes_per_pixel: ClassVar[int]
    """Memory for both directions of a pair, without the weights, per pixel of the enlarged frame,
    in float32; measured on a CPU."""

    align_corners: bool
    border: Border

    def _configure(self, align_corners: bool, border: Border) -> None:
        if border not in ("clamp", "zeros"):
            raise InvalidInputError(f"border {border!r} is unknown: use 'clamp' or 'zeros'")
        self.align_corners = align_corners
        self.border = border

    @abstractmethod
    def flow(self, pairs: FramePairs) -> Tensor:
        """Flow of every pair, (N, 2, H, W) in pixels, at the size of the normalised frames."""

    def forward(self, frame1: Tensor, frame2: Tensor) -> Tensor:
        """Optical flow from `frame1` to `frame2`.

        Args:
            frame1, frame2: (N, 3, H, W), RGB in [0, 255], float32 (or float64 with such weights),
                of any size. They are resized to the next multiples of 64.

        Returns:
            (N, 2, H, W): (dx, dy) in pixels, so that `frame2(x + dx, y + dy)` is `frame1(x, y)`.

        Raises:
            InvalidInputError: the frames are of another type or shape, or differ in size.
        """
        pairs = FramePairs.normalized(frame1, frame2, both=False)
        return resize_flow(self.flow(pairs), (frame1.shape[2], frame1.shape[3]))

    def both(self, frame1: Tensor, frame2: Tensor) -> tuple[Tensor, Tensor]:
        """Flow from `frame1` to `frame2` and back, as one batch; arguments as `forward`.

        Normalised frames and the feature pyramid of FlowNetC are computed once per frame.
        """
        pairs = FramePairs.normalized(frame1, frame2, both=True)
        flow = resize_flow(self.flow(pairs), (frame1.shape[2], frame1.shape[3]))
        forward, backward = torch.chunk(flow, 2)
        return forward, backward
