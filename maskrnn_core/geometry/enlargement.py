"""By how much a small object is enlarged, so that a network sees more than a few cells of it."""

import math

LARGEST_FACTOR = 2.0
"""By which a frame is enlarged at most, for time and memory grow with the square of it."""


def enlargement(area: float, smallest_side: float | None) -> float:
    """Factor in [1, 2] for an object, by the area of its given mask.

    Args:
        area: of the mask, in pixels; 0 where it is not known.
        smallest_side: root of the smallest area that needs no enlarging, in pixels; None enlarges
            nothing.
    """
    if smallest_side is None or area <= 0:
        return 1.0
    return min(max(smallest_side / math.sqrt(area), 1.0), LARGEST_FACTOR)
