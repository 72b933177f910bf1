"""Evaluation of video segmentation: region similarity J, contour accuracy F, temporal stability T.

Array functions take boolean (T, H, W) and return float64; no frame is left out in them.
"""

from maskrnn_core.metrics.contour import contour_accuracy
from maskrnn_core.metrics.region import region_similarity
from maskrnn_core.metrics.stability import temporal_stability
from maskrnn_core.metrics.statistics import Summary, summarize

__all__ = [
    "Summary",
    "contour_accuracy",
    "region_similarity",
    "summarize",
    "temporal_stability",
]
