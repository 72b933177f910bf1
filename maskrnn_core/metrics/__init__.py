"""Evaluation of video segmentation: region similarity J, contour accuracy F, temporal stability T.

Array functions take boolean (T, H, W) and return float64 for every frame. The layer above them,
`VideoEvaluator` and `summarize_dataset`, follows the protocol of a benchmark.
"""

from maskrnn_core.metrics.contour import contour_accuracy
from maskrnn_core.metrics.evaluation import (
    FrameScores,
    VideoEvaluator,
    objects_of,
    occurring_objects,
)
from maskrnn_core.metrics.protocols import PROTOCOLS, Protocol, protocol
from maskrnn_core.metrics.region import region_similarity
from maskrnn_core.metrics.scores import (
    DatasetScores,
    ObjectScores,
    VideoScores,
    summarize_dataset,
)
from maskrnn_core.metrics.stability import temporal_stability
from maskrnn_core.metrics.statistics import Summary, summarize

__all__ = [
    "PROTOCOLS",
    "DatasetScores",
    "FrameScores",
    "ObjectScores",
    "Protocol",
    "Summary",
    "VideoEvaluator",
    "VideoScores",
    "contour_accuracy",
    "objects_of",
    "occurring_objects",
    "protocol",
    "region_similarity",
    "summarize",
    "summarize_dataset",
    "temporal_stability",
]
