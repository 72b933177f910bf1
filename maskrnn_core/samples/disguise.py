"""A part of the object that looks otherwise, as the sides that the first frame did not show.

A network that is finetuned on one frame learns its looks by heart, and leaves out what turns up
later. Where a part of the object has other looks, only the previous mask and the parts around it
tell that it belongs to the object.
"""

from dataclasses import replace

import cv2
import numpy as np

from maskrnn_core.samples.batches import MaskedSample
from maskrnn_core.samples.blobs import ellipse_on

RADII = (0.15, 0.4)
"""Of the part, relative to the sides of the object's box."""
FEWEST_PIXELS = 100
"""Objects with fewer pixels stay as they are."""
GAIN = 0.5
"""Largest relative change per colour channel."""
OFFSET = 40.0
"""Largest offset per colour channel, grey levels."""


def disguised(varied: MaskedSample, rng: np.random.Generator) -> MaskedSample:
    """The sample with other looks in an ellipse on the object; target and mask stay.

    They are those of the same place or of another place in the frame, in another colour.
    """
    sample = varied.sample
    shown = sample.target == 1
    if shown.sum() < FEWEST_PIXELS:
        return varied
    part = ellipse_on(shown, rng, RADII)
    frame = sample.frame.astype(np.float32)
    looks = frame
    if rng.random() < 0.5:
        height, width = shown.shape
        looks = np.roll(frame, (int(rng.integers(height)), int(rng.integers(width))), (0, 1))
    tinted = looks * (1 + rng.uniform(-GAIN, GAIN, 3)) + rng.uniform(-OFFSET, OFFSET, 3)
    alpha = (cv2.GaussianBlur(part.astype(np.float32), (3, 3), 0) * shown)[..., None]
    mixed = np.clip(np.round(tinted * alpha + frame * (1 - alpha)), 0, 255).astype(np.uint8)
    return replace(varied, sample=replace(sample, frame=mixed))
