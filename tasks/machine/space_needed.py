"""Estimates the bytes that a run will write, from frame sizes, objects and options.

Frames and flow are assumed to compress like films (`benchmarks/flow_cache.py`); weights count by
their number. Noise compresses less, drawings more: the estimate is within a factor of 3.
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
"""Bytes per pixel and object of probabilities with 8 bits: all but the borders are flat."""
_TABLE = 40_000
"""Bytes of the tables of a video without rows."""
_ROW = 60
_STATES = 4
"""An interrupted training leaves its state: three times the weights, in addition to them."""


@dataclass(frozen=True)
class VideoExtent:
    """The properties of a video that decide how much is written.

    Args:
        frames: number of frames.
        size: (H, W) in the store.
        output_size: (H, W) of the annotations.
        objects: number of objects.
    """

    frames: int
    size: tuple[int, int]
    output_size: tuple[int, int]
    objects: int


def stage_bytes(stage: str, video: VideoExtent, network: NetworkOptions | None = None) -> int:
    """Return the bytes that one unit writes; for `finetune` and `train`, one set of weights.

    Args:
        stage: ingest, flow, train, finetune, segment or evaluate.
        video: extent of the video.
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
    """Return the bytes of the probabilities of all objects of a video, with 8 bits each."""
    height, width = video.output_size
    return int(video.frames * video.objects * height * width * _SOFT)


def mean_extent(extents: Iterable[VideoExtent]) -> VideoExtent:
    """Return the extent to assume for videos of which only a sample was read.

    Raises:
        ValueError: the sample is empty.
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
