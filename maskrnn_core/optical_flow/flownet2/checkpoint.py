"""FlowNet2 networks from weights that the caller provides.

The published weights are for research only: they are read from the user's disk, never shipped.
"""

from collections.abc import Mapping
from typing import IO

from maskrnn_core.optical_flow.flownet2.network import FlowNetwork
from maskrnn_core.optical_flow.flownet2.resample2d import Border
from maskrnn_core.optical_flow.flownet2.variants import detect_variant, empty_network
from maskrnn_core.optical_flow.weight_files import checked_weights, read_weights


def load_flownet2(
    source: bytes | IO[bytes],
    *,
    variant: str | None = None,
    align_corners: bool = False,
    border: Border = "clamp",
) -> FlowNetwork:
    """The network that a checkpoint belongs to, with its weights, ready for inference.

    Args:
        source: bytes of the file, or an open binary file: a public `.pth.tar` checkpoint, a
            state_dict saved by torch, or safetensors.
        variant: the network that the checkpoint must be, such as "FlowNet2"; None: any of the six.
        align_corners, border: see `FlowNetwork`.

    Raises:
        IncompatibleWeightsError: the bytes are damaged, contain values that are not finite, or are
            the weights of another network or variant.
        InvalidInputError: the variant or the border is unknown.
    """
    weights = read_weights(source)
    return flownet2_from_weights(
        weights, variant=variant, align_corners=align_corners, border=border
    )


def flownet2_from_weights(
    weights: Mapping[str, object],
    *,
    variant: str | None = None,
    align_corners: bool = False,
    border: Border = "clamp",
) -> FlowNetwork:
    """As `load_flownet2`, but from named tensors or numpy arrays; their memory may be shared."""
    tensors = checked_weights(weights)
    detected, bias = detect_variant(tensors, variant)
    network = empty_network(
        detected, align_corners=align_corners, border=border, upsampled_flow_bias=bias
    )
    network.load_state_dict(tensors, assign=True)
    return network.eval().requires_grad_(False)
