"""Recurrent inference: one tracker per object, fused frame by frame."""

from maskrnn_core.inference.results import SegmentedFrame
from maskrnn_core.inference.segmentation import VideoSegmenter, segment
from maskrnn_core.inference.state import TrackState
from maskrnn_core.inference.tracker import Tracker

__all__ = ["SegmentedFrame", "TrackState", "Tracker", "VideoSegmenter", "segment"]
