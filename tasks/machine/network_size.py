"""Computes the size of a network from its options, without building it."""

from maskrnn_core.network_shape import (
    MASK_CELLS,
    MASK_CHANNELS,
    ROI_SIZE,
    profile_values,
    vgg_channels,
)
from maskrnn_core.options import NetworkOptions


def weight_bytes(network: NetworkOptions | None) -> int:
    """Return the bytes of a network's weights in float32, accurate to a few percent."""
    if network is None:
        return 0
    stages = vgg_channels(network.width)
    parameters = 0
    for channels in (4, 3) if network.flow_stream else (4,):
        before = channels
        for out in (c for stage in stages for c in stage):
            parameters += 9 * before * out + 2 * out
            before = out
    if network.localization:
        fc = network.fc_width
        reads_profiles = network.roi_features == "profiles"
        of_masks = MASK_CHANNELS * profile_values(MASK_CELLS)
        inputs = of_masks if reads_profiles else stages[-1][-1] * ROI_SIZE**2
        parameters += inputs * fc + fc * fc + 4 * fc
    return 4 * parameters


def activation_bytes(network: NetworkOptions) -> float:
    """Return the bytes per pixel of the outputs of all convolutions of a network, float32."""
    kept = 2 if network.norm == "group" else 1  # the input of a normalisation is also kept
    streams = 2 if network.flow_stream else 1
    floats: float = sum(sum(stage) * 0.25**i for i, stage in enumerate(vgg_channels(network.width)))
    return 4 * streams * kept * floats


def passing_bytes(network: NetworkOptions) -> float:
    """Return the bytes per pixel that a frame keeps while it passes the network, float32."""
    stages = vgg_channels(network.width)
    streams = 2 if network.flow_stream else 1
    taps: float = sum(stage[-1] * 0.25**i for i, stage in enumerate(stages))
    return 4 * (streams * taps + 2 * stages[0][-1])  # plus the two active layers
