"""FlowNetFusion: the final flow at full size, from two flow fields and their brightness errors."""

from torch import Tensor, nn

from maskrnn_core.optical_flow.flownet2.blocks import (
    convolution,
    deconvolution,
    flow_prediction,
    flow_upsampling,
    join,
    linear_convolution,
)


class FlowNetFusion(nn.Module):
    """The last network of the stack (FlowNet 2.0, section 5)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv0 = convolution(11, 64)
        self.conv1 = convolution(64, 64, stride=2)
        self.conv1_1 = convolution(64, 128)
        self.conv2 = convolution(128, 128, stride=2)
        self.conv2_1 = convolution(128, 128)
        self.deconv1 = deconvolution(128, 32)
        self.deconv0 = deconvolution(162, 16)
        self.inter_conv1 = linear_convolution(162, 32)
        self.inter_conv0 = linear_convolution(82, 16)
        self.predict_flow2 = flow_prediction(128)
        self.predict_flow1 = flow_prediction(32)
        self.predict_flow0 = flow_prediction(16)
        self.upsampled_flow2_to_1 = flow_upsampling(bias=True)
        self.upsampled_flow1_to_0 = flow_upsampling(bias=True)

    def forward(self, inputs: Tensor) -> Tensor:
        """Flow in pixels (N, 2, H, W) from (N, 11, H, W): frame, two flows, lengths, errors."""
        level0 = self.conv0(inputs.to(self.predict_flow0.weight.dtype))
        level1 = self.conv1_1(self.conv1(level0))
        level2 = self.conv2_1(self.conv2(level1))
        flow2 = self.predict_flow2(level2)
        joined1 = join(level1, self.deconv1(level2), self.upsampled_flow2_to_1(flow2))
        flow1 = self.predict_flow1(self.inter_conv1(joined1))
        joined0 = join(level0, self.deconv0(joined1), self.upsampled_flow1_to_0(flow1))
        flow: Tensor = self.predict_flow0(self.inter_conv0(joined0))
        return flow.to(inputs.dtype)
