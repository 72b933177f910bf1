"""FlowNet2C, FlowNet2S and FlowNet2SD: one network alone; its keys have no prefix."""

from torch import Tensor

from maskrnn_core.optical_flow.flownet2.blocks import FLOW_SCALE, join, upsample4
from maskrnn_core.optical_flow.flownet2.network import FlowNetwork
from maskrnn_core.optical_flow.flownet2.pairs import FramePairs
from maskrnn_core.optical_flow.flownet2.resample2d import Border
from maskrnn_core.optical_flow.flownet2.subnetworks import FlowNetC, FlowNetS, FlowNetSD


class FlowNet2C(FlowNetwork, FlowNetC):
    """FlowNetC alone."""

    bytes_per_pixel = 650

    def __init__(
        self,
        *,
        align_corners: bool = False,
        border: Border = "clamp",
        upsampled_flow_bias: bool = False,
    ) -> None:
        FlowNetC.__init__(self)
        self._configure(align_corners, border)

    def flow(self, pairs: FramePairs) -> Tensor:
        """See `FlowNetwork.flow`."""
        flow = FLOW_SCALE * self.predict(pairs)
        return upsample4(flow, "bilinear", align_corners=self.align_corners)


class FlowNet2S(FlowNetwork, FlowNetS):
    """FlowNetS alone, on the two frames."""

    bytes_per_pixel = 650

    def __init__(
        self,
        *,
        align_corners: bool = False,
        border: Border = "clamp",
        upsampled_flow_bias: bool = False,
    ) -> None:
        FlowNetS.__init__(self, 6, upsampled_flow_bias=upsampled_flow_bias)
        self._configure(align_corners, border)

    def flow(self, pairs: FramePairs) -> Tensor:
        """See `FlowNetwork.flow`."""
        flow = FLOW_SCALE * self.predict(join(pairs.first, pairs.second))
        return upsample4(flow, "bilinear", align_corners=self.align_corners)


class FlowNet2SD(FlowNetwork, FlowNetSD):
    """FlowNetSD alone; its prediction is a twentieth of the flow, unlike in the stack."""

    bytes_per_pixel = 860

    def __init__(
        self,
        *,
        align_corners: bool = False,
        border: Border = "clamp",
        upsampled_flow_bias: bool = False,
    ) -> None:
        FlowNetSD.__init__(self)
        self._configure(align_corners, border)

    def flow(self, pairs: FramePairs) -> Tensor:
        """See `FlowNetwork.flow`."""
        flow = FLOW_SCALE * self.predict(join(pairs.first, pairs.second))
        return upsample4(flow, "bilinear", align_corners=self.align_corners)
