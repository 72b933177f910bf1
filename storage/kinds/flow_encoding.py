"""Flow as integers: 1/64 pixel is finer than any estimator is exact, and compresses best.

Measured on DAVIS at 480x854 beside float16 (benchmarks/flow_cache.py): less than half the size,
and a bound of the error that does not grow with the motion.
"""

import numpy as np
from numpy.typing import NDArray

from storage.errors import IncompleteArtifactError

FloatArray = NDArray[np.float32]

STEP = 1.0 / 64.0
"""Pixels per unit. A field that reaches beyond 511 pixels gets a multiple of it by a power of 2."""

_MOST_UNITS = 32767
_LARGEST = 16384.0
"""Pixels; no frame is so large that a motion could be longer."""


def encode(field: FloatArray, what: str) -> tuple[NDArray[np.int16], float]:
    """Whole multiples of a step, which is returned in pixels.

    Decoding gives every component back to within half a step, 1/128 pixel up to 511 pixels.

    Args:
        field: float32 (H, W, 2), pixels.
        what: names the field in errors.

    Raises:
        IncompleteArtifactError: a field that is not finite, or reaches beyond 16384 pixels.
    """
    largest = max(float(field.max(initial=0.0)), -float(field.min(initial=0.0)))
    if not largest <= _LARGEST:  # also true for NaN
        raise IncompleteArtifactError(
            f"{what} reaches {largest} pixels; flow must be finite and at most {_LARGEST:.0f}. "
            "The estimator failed on this frame: choose another one, or leave the video out."
        )
    step = STEP
    while largest / step > _MOST_UNITS:
        step *= 2.0
    units = field * np.float32(1.0 / step)
    return np.rint(units, out=units).astype(np.int16), step


def decode(units: NDArray[np.int16], step: float) -> FloatArray:
    """The field in pixels, float32; exact, for the step is a power of two."""
    return units * np.float32(step)
