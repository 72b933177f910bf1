"""Where an object probably is, from its colours and a guess of its place."""

import cv2
import numpy as np
from numpy.typing import NDArray

from storage.datasets.source import UInt8Array

FloatArray = NDArray[np.float32]

_BINS = 24
"""Cells of the colour space Lab, along each axis."""
_CHROMA = 60.0
"""Largest absolute value of a and b that is told apart."""
_SPREAD = 0.6
"""Standard deviation, in cells, by which the colour of a pixel counts for colours like it."""
_ITERATIONS = 6
_FLOOR = 1e-6
"""Frequency of a colour that was never seen."""
_MOST = 4.0
"""Largest weight of evidence that a colour gives, as a logarithm."""


def object_probability(picture: UInt8Array, prior: FloatArray) -> FloatArray:
    """The probability of the object in each pixel.

    Histograms of the object and of the background are taken with the probabilities so far as
    weights. Their ratio and the prior give the next probabilities.

    Args:
        picture: uint8 (H, W, 3), RGB.
        prior: float32 (H, W), log odds of the object by place alone; infinite where it is certain.

    Returns:
        float32 (H, W), from 0 to 1.
    """
    cells = _cells(picture)
    probability = _logistic(prior)
    for _ in range(_ITERATIONS):
        evidence = np.log(_frequencies(cells, probability) + _FLOOR)
        evidence -= np.log(_frequencies(cells, 1 - probability) + _FLOOR)
        evidence = np.clip(evidence, -_MOST, _MOST)
        probability = _logistic(prior + evidence[cells].astype(np.float32))
    return probability


def _cells(picture: UInt8Array) -> NDArray[np.intp]:
    """The cell of the histograms (H, W) that each pixel falls into."""
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lowest = np.array([0, -_CHROMA, -_CHROMA])
    extent = np.array([100, 2 * _CHROMA, 2 * _CHROMA])
    axes = ((lab - lowest) / extent * _BINS).astype(np.intp).clip(0, _BINS - 1)
    cells: NDArray[np.intp] = (axes[..., 0] * _BINS + axes[..., 1]) * _BINS + axes[..., 2]
    return cells


def _frequencies(cells: NDArray[np.intp], weights: FloatArray) -> NDArray[np.float64]:
    """The smooth histogram of weighted pixels, flat; its sum is 1 if any pixel has weight."""
    from scipy.ndimage import gaussian_filter

    counts = np.bincount(cells.ravel(), weights.ravel(), _BINS**3)
    smooth = gaussian_filter(counts.reshape(_BINS, _BINS, _BINS), _SPREAD, mode="constant")
    frequencies: NDArray[np.float64] = smooth.ravel() / max(smooth.sum(), _FLOOR)
    return frequencies


def _logistic(log_odds: FloatArray) -> FloatArray:
    with np.errstate(over="ignore"):
        return (1 / (1 + np.exp(-log_odds))).astype(np.float32)
