"""How many bytes a run will write, from frame sizes, objects and options; an estimate.

Frames and flow are taken as they compress for films (`benchmarks/flow_cache.py`), and weights by
their number. Noise compresses less, drawings more: within a factor of 3 of what is written.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from maskrnn_core.options import NetworkOptions

_VGG = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
_ROI_CELLS = 49
_FRAME = 0.7
"""Bytes on disk per byte of a decoded frame."""
_FLOW = 0.5
_LABELS = 0.05
_TABLE = 40_000
"""Bytes of the tables of a video, without their rows."""
_ROW = 60
_STATES = 4
"""A training that is interrupted leaves its state: three times the weights, beside them."""


@dataclass(frozen=True)
class VideoExtent:
    """What of a video decides how much is written.

    Args:
        frames: their number.
        size: (H, W) in the store.
        output_size: (H, W) of the annotations.
        objects: their number.
    """

    frames: int
    size: tuple[int, int]
    output_size: tuple[int, int]
    objects: int


def weight_bytes(network: NetworkOptions | None) -> int:
    """Bytes of a network's weights, float32; to a few percent."""
    if network is None:
        return 0
    stages = [[_scaled(c, network.width) for c in stage] for stage in _VGG]
    parameters = 0
    for channels in (4, 3) if network.flow_stream else (4,):
        before = channels
        for out in (c for stage in stages for c in stage):
            parameters += 9 * before * out + 2 * out
            before = out
    if network.localization:
        fc = network.fc_width
        parameters += stages[-1][-1] * _ROI_CELLS * fc + fc * fc + 4 * fc
    return 4 * parameters


def stage_bytes(stage: str, video: VideoExtent, network: NetworkOptions | None = None) -> int:
    """Bytes that one unit writes; of `finetune` and `train`, one set of weights.

    Args:
        stage: ingest, flow, train, finetune, segment or evaluate.
        video: that it is about.
        network: of the preset.
    """
    area = video.size[0] * video.size[1]
    output = video.output_size[0] * video.output_size[1]
    if stage == "ingest":
        return int(video.frames * (3 * area * _FRAME + (area + output) * _LABELS))
    if stage == "flow":
        return int(video.frames * 8 * area * _FLOW)
    if stage == "segment":
        return int(video.frames * output * _LABELS) + 4 * area * video.objects
    if stage == "evaluate":
        return _TABLE + _ROW * video.frames * video.objects
    return weight_bytes(network) * (_STATES if stage == "train" else 1)


def mean_extent(extents: Iterable[VideoExtent]) -> VideoExtent:
    """The extent to reckon with for videos of which only a sample was looked at.

    Raises:
        ValueError: an empty sample.
    """
    found = list(extents)
    if not found:
        raise ValueError("the mean of no videos")
    count = len(found)
    largest = max(found, key=lambda extent: extent.size[0] * extent.size[1])
    return VideoExtent(
        -(-sum(extent.frames for extent in found) // count),
        largest.size,
        largest.output_size,
        -(-sum(extent.objects for extent in found) // count),
    )


def _scaled(channels: int, width: float) -> int:
    return max(8, round(channels * width / 8) * 8)
