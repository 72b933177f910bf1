"""FlowNet2 (Ilg et al., CVPR 2017) and its five smaller relatives in plain PyTorch."""

from maskrnn_core.optical_flow.flownet2.channel_norm import channel_norm
from maskrnn_core.optical_flow.flownet2.correlation import correlation
from maskrnn_core.optical_flow.flownet2.network import FlowNetwork
from maskrnn_core.optical_flow.flownet2.resample2d import resample2d
from maskrnn_core.optical_flow.flownet2.stacks import FlowNet2, FlowNet2CS, FlowNet2CSS
from maskrnn_core.optical_flow.flownet2.standalone import FlowNet2C, FlowNet2S, FlowNet2SD

__all__ = [
    "FlowNet2",
    "FlowNet2C",
    "FlowNet2CS",
    "FlowNet2CSS",
    "FlowNet2S",
    "FlowNet2SD",
    "FlowNetwork",
    "channel_norm",
    "correlation",
    "resample2d",
]
