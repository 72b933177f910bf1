"""The common end of FlowNetC, S and SD: levels 4 to 6 and the coarse-to-fine refinement."""

import torch
from torch import Tensor, nn

from maskrnn_core.optical_flow.flownet2.blocks import (
    convolution,
    deconvolution,
    flow_prediction,
    flow_upsampling,
    join,
    linear_convolution,
)


class RefiningTail(nn.Module):
    """Flow at 1/4 of the size from 256 channels at 1/8 (FlowNet, section 3, "Refinement").

    Args:
        upsampled_flow_bias: whether the learned upsampling of flow has a bias.
        smooth: adds a convolution before each prediction except the coarsest (`inter_conv`;
            FlowNetSD).
    """

    def __init__(self, *, upsampled_flow_bias: bool = True, smooth: bool = False) -> None:
        super().__init__()
        self.conv4 = convolution(256, 512, stride=2)
        self.conv4_1 = convolution(512, 512)
        self.conv5 = convolution(512, 512, stride=2)
        self.conv5_1 = convolution(512, 512)
        self.conv6 = convolution(512, 1024, stride=2)
        self.conv6_1 = convolution(1024, 1024)
        self.deconv5 = deconvolution(1024, 512)
        self.deconv4 = deconvolution(1026, 256)
        self.deconv3 = deconvolution(770, 128)
        self.deconv2 = deconvolution(386, 64)
        if smooth:
            self.inter_conv5 = linear_convolution(1026, 512)
            self.inter_conv4 = linear_convolution(770, 256)
            self.inter_conv3 = linear_convolution(386, 128)
            self.inter_conv2 = linear_convolution(194, 64)
        self.predict_flow6 = flow_prediction(1024)
        self.predict_flow5 = flow_prediction(512 if smooth else 1026)
        self.predict_flow4 = flow_prediction(256 if smooth else 770)
        self.predict_flow3 = flow_prediction(128 if smooth else 386)
        self.predict_flow2 = flow_prediction(64 if smooth else 194)
        self.upsampled_flow6_to_5 = flow_upsampling(bias=upsampled_flow_bias)
        self.upsampled_flow5_to_4 = flow_upsampling(bias=upsampled_flow_bias)
        self.upsampled_flow4_to_3 = flow_upsampling(bias=upsampled_flow_bias)
        self.upsampled_flow3_to_2 = flow_upsampling(bias=upsampled_flow_bias)
        self._smooth = smooth

    @property
    def dtype(self) -> torch.dtype:
        """The type of the weights, in which the network computes."""
        return self.predict_flow2.weight.dtype

    def refine(self, level2: Tensor, level3: Tensor) -> Tensor:
        """Flow (N, 2, h, w), not rescaled, from features at (h, w) and (h/2, w/2).

        `level2` has 128 or 64 channels.
        """
        level4 = self.conv4_1(self.conv4(level3))
        level5 = self.conv5_1(self.conv5(level4))
        level6 = self.conv6_1(self.conv6(level5))
        flow6 = self.predict_flow6(level6)
        joined5 = join(level5, self.deconv5(level6), self.upsampled_flow6_to_5(flow6))
        flow5 = self.predict_flow5(self.inter_conv5(joined5) if self._smooth else joined5)
        joined4 = join(level4, self.deconv4(joined5), self.upsampled_flow5_to_4(flow5))
        flow4 = self.predict_flow4(self.inter_conv4(joined4) if self._smooth else joined4)
        joined3 = join(level3, self.deconv3(joined4), self.upsampled_flow4_to_3(flow4))
        flow3 = self.predict_flow3(self.inter_conv3(joined3) if self._smooth else joined3)
        joined2 = join(level2, self.deconv2(joined3), self.upsampled_flow3_to_2(flow3))
        flow: Tensor = self.predict_flow2(self.inter_conv2(joined2) if self._smooth else joined2)
        return flow
