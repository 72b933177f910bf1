"""Outlines brought to the edges of the frame by a guided filter."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from maskrnn_core.video import FloatArray

REGULARISATION = 1e-5
"""Variance of a colour, in [0, 1], below which a neighbourhood counts as plain."""
SMALLEST = 0.01
"""Probability that counts as nothing: the filter is applied around what is more."""

Plane = NDArray[np.float64]
"""(H, W)."""


def at_edges(
    probability: FloatArray, frame: FloatArray, radius: float, threshold: float
) -> FloatArray:
    """A probability whose outline follows the edges of the frame.

    In each square neighbourhood it is explained as a linear function of the colour, by least
    squares, and each pixel gets the mean of what the neighbourhoods around it say: where the colour
    changes at once, so does the probability (He, Sun and Tang, "Guided Image Filtering", 2010,
    eqs. 14 to 16).

    Args:
        probability: float32 (H, W) in [0, 1].
        frame: float32 (H, W, 3) in [0, 255].
        radius: of the neighbourhoods, relative to the root of the object's area.
        threshold: pixels at or above it are the object's.
    """
    pixels = max(round(radius * float((probability >= threshold).sum()) ** 0.5), 1)
    rows, columns = (np.flatnonzero((probability > SMALLEST).any(axis)) for axis in (1, 0))
    if not len(rows):
        return probability
    around = tuple(
        slice(max(int(found[0]) - 2 * pixels, 0), int(found[-1]) + 2 * pixels + 1)
        for found in (rows, columns)
    )
    refined = probability.copy()
    refined[around] = _guided(probability[around], frame[around] / np.float32(255), pixels)
    return refined


def _guided(probability: FloatArray, frame: FloatArray, radius: int) -> FloatArray:
    """The guided filter with a guide of three channels in [0, 1]."""

    def mean(image: FloatArray) -> FloatArray:
        side = (2 * radius + 1, 2 * radius + 1)
        blurred = cv2.blur(image, side, borderType=cv2.BORDER_REFLECT)
        return np.asarray(blurred, np.float32)

    channels = [np.ascontiguousarray(frame[..., index]) for index in range(3)]
    colour, level = [mean(channel) for channel in channels], mean(probability)

    def covariance(first: int, second: int) -> Plane:
        product = mean(channels[first] * channels[second]).astype(np.float64)
        plain = REGULARISATION if first == second else 0.0
        return product - colour[first] * colour[second] + plain

    pairs = [covariance(*pair) for pair in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))]
    with_level = [
        mean(channel * probability).astype(np.float64) - middle * level
        for channel, middle in zip(channels, colour, strict=True)
    ]
    slopes = [slope.astype(np.float32) for slope in solved(pairs, with_level)]
    offset = level - sum(slope * middle for slope, middle in zip(slopes, colour, strict=True))
    refined = mean(offset) + sum(
        mean(slope) * channel for slope, channel in zip(slopes, channels, strict=True)
    )
    return np.asarray(np.clip(refined, 0, 1), np.float32)


def solved(matrix: Sequence[Plane], right: Sequence[Plane]) -> list[Plane]:
    """Solve a symmetric positive definite system of three equations at each pixel.

    By elimination written out: a call of LAPACK per pixel takes many times as long.

    Args:
        matrix: float64 (H, W) each: rows of the upper triangle, 00, 01, 02, 11, 12, 22.
        right: the right sides of the three equations.
    """
    a, b, c, d, e, f = matrix
    p, q, r = right
    up, far = b / a, c / a
    second, mixed = d - up * b, e - up * c
    below = mixed / second
    third = f - far * c - below * mixed
    y = q - up * p
    z = (r - far * p - below * y) / third
    y = y / second - below * z
    return [p / a - up * y - far * z, y, z]
