"""Outlines brought to the edges of the frame by a guided filter."""

import cv2
import numpy as np

from maskrnn_core.video import FloatArray

REGULARISATION = 1e-5
"""Variance of a colour, in [0, 1], below which a neighbourhood counts as plain."""
SMALLEST = 0.01
"""Probability that counts as nothing: the filter is applied around what is more."""


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

    colour, level = mean(frame), mean(probability)
    products = np.stack([mean(frame * frame[..., c : c + 1]) for c in range(3)], axis=-1)
    variance = products - colour[..., :, None] * colour[..., None, :]
    variance += REGULARISATION * np.eye(3, dtype=np.float32)
    covariance = mean(frame * probability[..., None]) - colour * level[..., None]
    slope = np.linalg.solve(variance, covariance[..., None])[..., 0].astype(np.float32)
    offset = level - (slope * colour).sum(axis=-1)
    refined = (mean(slope) * frame).sum(axis=-1) + mean(offset)
    return np.asarray(np.clip(refined, 0, 1), np.float32)
