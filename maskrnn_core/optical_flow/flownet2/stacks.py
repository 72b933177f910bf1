"""FlowNet2CS, FlowNet2CSS and FlowNet2: networks that correct one another (FlowNet 2.0, 4, 5)."""

from torch import Tensor

from maskrnn_core.optical_flow.flownet2.blocks import FLOW_SCALE, join, upsample4
from maskrnn_core.optical_flow.flownet2.channel_norm import channel_norm
from maskrnn_core.optical_flow.flownet2.fusion import FlowNetFusion
from maskrnn_core.optical_flow.flownet2.network import FlowNetwork
from maskrnn_core.optical_flow.flownet2.pairs import FramePairs
from maskrnn_core.optical_flow.flownet2.resample2d import Border, resample2d
from maskrnn_core.optical_flow.flownet2.subnetworks import FlowNetC, FlowNetS, FlowNetSD

_STACKED_CHANNELS = 12


class FlowNet2CS(FlowNetwork):
    """FlowNetC, and a FlowNetS that sees its flow, the warped frame and the brightness error."""

    bytes_per_pixel = 900

    def __init__(
        self,
        *,
        align_corners: bool = False,
        border: Border = "clamp",
        upsampled_flow_bias: bool = False,
    ) -> None:
        super().__init__()
        self._configure(align_corners, border)
        self.flownetc = FlowNetC()
        self.flownets_1 = FlowNetS(_STACKED_CHANNELS, upsampled_flow_bias=upsampled_flow_bias)

    def flow(self, pairs: FramePairs) -> Tensor:
        """See `FlowNetwork.flow`."""
        coarse = FLOW_SCALE * self.flownetc.predict(pairs)
        coarse = upsample4(coarse, "bilinear", align_corners=self.align_corners)
        flow = FLOW_SCALE * self.flownets_1.predict(self._stacked_input(pairs, coarse))
        return upsample4(flow, "bilinear", align_corners=self.align_corners)

    def _stacked_input(self, pairs: FramePairs, flow: Tensor) -> Tensor:
        """(N, 12, H, W): both frames, the warped second, flow / 20, brightness error."""
        warped, error = self._warp(pairs, flow)
        return join(pairs.first, pairs.second, warped, flow / FLOW_SCALE, error)

    def _warp(self, pairs: FramePairs, flow: Tensor) -> tuple[Tensor, Tensor]:
        warped = resample2d(pairs.second, flow, border=self.border)
        return warped, channel_norm(pairs.first - warped)


class FlowNet2CSS(FlowNet2CS):
    """FlowNet2CS, and a second FlowNetS with the same kind of input."""

    bytes_per_pixel = 950

    def __init__(
        self,
        *,
        align_corners: bool = False,
        border: Border = "clamp",
        upsampled_flow_bias: bool = False,
    ) -> None:
        super().__init__(
            align_corners=align_corners, border=border, upsampled_flow_bias=upsampled_flow_bias
        )
        self.flownets_2 = FlowNetS(_STACKED_CHANNELS, upsampled_flow_bias=upsampled_flow_bias)

    def flow(self, pairs: FramePairs) -> Tensor:
        """See `FlowNetwork.flow`."""
        flow = super().flow(pairs)
        flow = FLOW_SCALE * self.flownets_2.predict(self._stacked_input(pairs, flow))
        return upsample4(flow, "nearest")


class FlowNet2(FlowNet2CSS):
    """FlowNet2CSS for large and FlowNetSD for small displacements, fused at full size."""

    bytes_per_pixel = 2500

    def __init__(
        self,
        *,
        align_corners: bool = False,
        border: Border = "clamp",
        upsampled_flow_bias: bool = False,
    ) -> None:
        super().__init__(
            align_corners=align_corners, border=border, upsampled_flow_bias=upsampled_flow_bias
        )
        self.flownets_d = FlowNetSD()
        self.flownetfusion = FlowNetFusion()

    def flow(self, pairs: FramePairs) -> Tensor:
        """See `FlowNetwork.flow`."""
        large = super().flow(pairs)
        small = self.flownets_d.predict(join(pairs.first, pairs.second)) / FLOW_SCALE
        small = upsample4(small, "nearest")
        fused: Tensor = self.flownetfusion(self._fusion_input(pairs, large, small))
        return fused

    def _fusion_input(self, pairs: FramePairs, large: Tensor, small: Tensor) -> Tensor:
        """(N, 11, H, W): first frame, both flows, their lengths, their brightness errors."""
        error_small = self._warp(pairs, small)[1]
        error_large = self._warp(pairs, large)[1]
        lengths = (channel_norm(small), channel_norm(large))
        return join(pairs.first, small, large, *lengths, error_small, error_large)
