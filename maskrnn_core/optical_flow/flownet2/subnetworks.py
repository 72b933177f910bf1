"""FlowNetC, FlowNetS and FlowNetSD: from normalised frames to flow at a quarter of the size."""

import torch.nn.functional as F
from torch import Tensor

from maskrnn_core.optical_flow.flownet2.blocks import convolution, join
from maskrnn_core.optical_flow.flownet2.correlation import correlation
from maskrnn_core.optical_flow.flownet2.pairs import FramePairs
from maskrnn_core.optical_flow.flownet2.tail import RefiningTail


class FlowNetC(RefiningTail):
    """Two feature pyramids with shared weights, joined by a correlation (FlowNet, section 3)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = convolution(3, 64, kernel=7, stride=2)
        self.conv2 = convolution(64, 128, kernel=5, stride=2)
        self.conv3 = convolution(128, 256, kernel=5, stride=2)
        self.conv_redir = convolution(256, 32, kernel=1)
        self.conv3_1 = convolution(473, 256)

    def predict(self, pairs: FramePairs) -> Tensor:
        """Flow divided by 20, (N, 2, H/4, W/4) for N pairs; each frame is encoded once."""
        level2 = self.conv2(self.conv1(pairs.frames.to(self.dtype)))
        level3 = self.conv3(level2)
        start = pairs.starts(level3)
        volume = F.leaky_relu(correlation(start, pairs.ends(level3)), 0.1)
        joined = join(self.conv_redir(start), volume)
        flow = self.refine(pairs.starts(level2), self.conv3_1(joined))
        return flow.to(pairs.frames.dtype)


class FlowNetS(RefiningTail):
    """One pyramid over all inputs, concatenated (FlowNet, section 3).

    Args:
        channels: input channels: 6 for two frames, 12 with warped frame, flow, brightness error.
        upsampled_flow_bias: True for the original Caffe weights, False for the public PyTorch ones.
    """

    def __init__(self, channels: int, *, upsampled_flow_bias: bool = False) -> None:
        super().__init__(upsampled_flow_bias=upsampled_flow_bias)
        self.conv1 = convolution(channels, 64, kernel=7, stride=2)
        self.conv2 = convolution(64, 128, kernel=5, stride=2)
        self.conv3 = convolution(128, 256, kernel=5, stride=2)
        self.conv3_1 = convolution(256, 256)

    def predict(self, inputs: Tensor) -> Tensor:
        """Flow divided by 20, (N, 2, H/4, W/4), from (N, channels, H, W)."""
        level2 = self.conv2(self.conv1(inputs.to(self.dtype)))
        return self.refine(level2, self.conv3_1(self.conv3(level2))).to(inputs.dtype)


class FlowNetSD(RefiningTail):
    """For small displacements: 3x3 kernels from full size on (FlowNet 2.0, section 5)."""

    def __init__(self) -> None:
        super().__init__(smooth=True)
        self.conv0 = convolution(6, 64)
        self.conv1 = convolution(64, 64, stride=2)
        self.conv1_1 = convolution(64, 128)
        self.conv2 = convolution(128, 128, stride=2)
        self.conv2_1 = convolution(128, 128)
        self.conv3 = convolution(128, 256, stride=2)
        self.conv3_1 = convolution(256, 256)

    def predict(self, inputs: Tensor) -> Tensor:
        """Flow (N, 2, H/4, W/4) from two frames (N, 6, H, W).

        Inside FlowNet2 it is 20 times the flow in pixels; standalone, it is a twentieth of it.
        """
        level1 = self.conv1_1(self.conv1(self.conv0(inputs.to(self.dtype))))
        level2 = self.conv2_1(self.conv2(level1))
        return self.refine(level2, self.conv3_1(self.conv3(level2))).to(inputs.dtype)
