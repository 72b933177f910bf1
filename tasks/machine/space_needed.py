"""How many bytes a run will write, from frame sizes, objects and options; an estimate.

Frames and flow are taken as they compress for films (`benchmarks/flow_cache.py`), and weights by
their number. Noise compresses less, drawings more: within a factor of 3 of what is written.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from maskrnn_core.options import NetworkOptions
from tasks.machine.network_size import weight_bytes

_FRAME = 0.7
"""Bytes on disk per byte of a decoded frame."""
_FLOW = 0.5
_LABELS = 0.05
_SOFT = 0.1
"""Bytes per pixel and object of probabilities at 8 bits: all but the borders are flat."""
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


def soft_mask_bytes(video: VideoExtent) -> int:
    """Bytes of the probabilities of all objects of a video, at 8 bits."""
    height, width = video.output_size
    return int(video.frames * video.objects * height * width * _SOFT)


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
