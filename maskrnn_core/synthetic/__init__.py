"""A seeded data set with exact masks and flow, for tests, examples and training experiments."""

from maskrnn_core.synthetic.options import SyntheticOptions
from maskrnn_core.synthetic.video import SyntheticVideo, synthetic_videos

__all__ = ["SyntheticOptions", "SyntheticVideo", "synthetic_videos"]
