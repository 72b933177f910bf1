"""Label maps of many videos from any program: a folder, a zip file or Zarr."""

from storage.prediction_sets.opening import open_predictions
from storage.prediction_sets.source import PredictionSet, ReadOptions

__all__ = ["PredictionSet", "ReadOptions", "open_predictions"]
