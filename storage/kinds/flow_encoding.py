"""Flow as integers in units of 1/64 pixel: finer than any estimator's error, small on disk.

Compared with float16 on DAVIS at 480x854 (benchmarks/flow_cache.py), it takes less than half the
space, and its error bound does not grow with the motion.
"""

import numpy as np
from numpy.typing import NDArray

from storage.errors import IncompleteArtifactError

FloatArray = NDArray[np.float32]

STEP = 1.0 / 64.0
"""Pixels per unit. For motion beyond 511 pixels, the unit is multiplied by a power of 2."""

_MOST_UNITS = 32767
_LARGEST = 16384.0
"""Longest motion in pixels; no frame is large enough for a longer one."""


def encode(field: FloatArray, what: str) -> tuple[NDArray[np.int16], float]:
    """Encode a field as multiples of a step; returns them and the step in pixels.

    Decoding restores every component to within half a step: 1/128 pixel for motion up to 511
    pixels.

    Args:
        field: float32 (H, W, 2), pixels.
        what: names the field in errors.

    Raises:
        IncompleteArtifactError: the field is not finite, or reaches beyond 16384 pixels.
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
    """Decode a field to pixels, float32; exact, because the step is a power of two."""
    return units * np.float32(step)
