"""MaskRNN from Python: numpy in, numpy out, without the pipeline and its store.

`segment` follows objects through a video. `Segmenter` does the same for frames that arrive one by
one. Here, and nowhere else in the core, a path may be given: of a video, of frames, of weights.
"""

from maskrnn_core.interface.detections import DetectionArrays, detections
from maskrnn_core.interface.results import FrameResult, ObjectResult
from maskrnn_core.interface.segmenter import Segmenter
from maskrnn_core.interface.whole_video import segment

__all__ = [
    "DetectionArrays",
    "FrameResult",
    "ObjectResult",
    "Segmenter",
    "detections",
    "segment",
]
