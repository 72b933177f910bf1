"""Imitates what a segmentation net answers for an object, for what learns to read answers."""

import cv2
import numpy as np
from numpy.typing import NDArray

from maskrnn_core.options import PerturbationOptions
from maskrnn_core.samples.perturbation import perturb_mask
from maskrnn_core.video import FloatArray

_ERRORS = PerturbationOptions(
    morphology=6.0, deformation=0.08, scale=0.0, translation=0.02, blob=0.7
)
"""An answer lies where the object is; what it has wrong are its outline and pieces."""
_LINES_PER_RADIUS = 60
"""The largest radius of the blur is a pixel for so many lines of the frame."""


def imitated_answer(mask: NDArray[np.bool_], rng: np.random.Generator) -> FloatArray:
    """The true mask with the errors of an answer, and soft edges.

    Args:
        mask: (H, W), boolean.
        rng: source of randomness.

    Returns:
        (H, W) float32 in [0, 1], a probability.
    """
    answer = perturb_mask(mask, rng, _ERRORS)
    radius = 1 + int(rng.integers(max(min(mask.shape) // _LINES_PER_RADIUS, 1)))
    blurred = cv2.blur(answer, (2 * radius + 1, 2 * radius + 1))
    return blurred.astype(np.float32)
