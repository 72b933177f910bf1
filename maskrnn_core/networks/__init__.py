"""The two-stream segmentation net and the localization net of section 3.3."""

from maskrnn_core.networks.inputs import flow_magnitude
from maskrnn_core.networks.maskrnn import MaskRNN, Segmentation, build_network
from maskrnn_core.networks.weights import load_weights, weights_of

__all__ = [
    "MaskRNN",
    "Segmentation",
    "build_network",
    "flow_magnitude",
    "load_weights",
    "weights_of",
]
