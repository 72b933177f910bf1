"""How large a network is, from its options, without building it."""

from maskrnn_core.options import NetworkOptions

_VGG = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
_ROI_CELLS = 49
_MASK_ROI_INPUTS = 2 * 28**2


def weight_bytes(network: NetworkOptions | None) -> int:
    """Bytes of a network's weights, float32; to a few percent."""
    if network is None:
        return 0
    stages = _stages(network)
    parameters = 0
    for channels in (4, 3) if network.flow_stream else (4,):
        before = channels
        for out in (c for stage in stages for c in stage):
            parameters += 9 * before * out + 2 * out
            before = out
    if network.localization:
        fc = network.fc_width
        reads_masks = network.roi_features == "masks"
        inputs = _MASK_ROI_INPUTS if reads_masks else stages[-1][-1] * _ROI_CELLS
        parameters += inputs * fc + fc * fc + 4 * fc
    return 4 * parameters


def activation_bytes(network: NetworkOptions) -> float:
    """Bytes per pixel of all that the convolutions of a network put out, float32."""
    kept = 2 if network.norm == "group" else 1  # what is normalised is kept beside the result
    streams = 2 if network.flow_stream else 1
    floats: float = sum(sum(stage) * 0.25**i for i, stage in enumerate(_stages(network)))
    return 4 * streams * kept * floats


def passing_bytes(network: NetworkOptions) -> float:
    """Bytes per pixel of what a frame keeps while it passes the network, float32."""
    stages = _stages(network)
    streams = 2 if network.flow_stream else 1
    taps: float = sum(stage[-1] * 0.25**i for i, stage in enumerate(stages))
    return 4 * (streams * taps + 2 * stages[0][-1])  # beside the two layers at work


def _stages(network: NetworkOptions) -> list[list[int]]:
    return [[_scaled(channels, network.width) for channels in stage] for stage in _VGG]


def _scaled(channels: int, width: float) -> int:
    return max(8, round(channels * width / 8) * 8)
