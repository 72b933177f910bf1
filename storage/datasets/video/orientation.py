"""The orientation that a video file asks for: cameras record sideways and say so."""

import numpy as np
from numpy.typing import NDArray

from storage.datasets.source import UInt8Array
from storage.errors import DatasetError

UPRIGHT = (1, 0, 0, 1)

Orientation = tuple[int, int, int, int]
"""a, b, c, d of -1, 0, 1: the pixel at (x, y) is shown at (a x + c y, b x + d y), shifted."""


def orientation_of(matrix: NDArray[np.int32] | None) -> Orientation:
    """Orientation from the nine numbers of a display matrix (ISO/IEC 14496-12, 8.3.2).

    Raises:
        DatasetError: for an angle other than a quarter turn.
    """
    if matrix is None or matrix.size < 5:
        return UPRIGHT
    a, b, c, d = (int(np.sign(matrix[place])) for place in (0, 1, 3, 4))
    if abs(a * d) + abs(b * c) != 1:
        raise DatasetError(
            "the file asks for a rotation that is no quarter turn. Encode it again, upright."
        )
    return a, b, c, d


def oriented(image: UInt8Array, orientation: Orientation) -> UInt8Array:
    """The image (H, W, ...) as it is to be shown."""
    a, b, c, d = orientation
    horizontal, vertical = a, d
    if not a:
        image, horizontal, vertical = np.swapaxes(image, 0, 1), c, b
    image = image[:: -1 if vertical < 0 else 1, :: -1 if horizontal < 0 else 1]
    return np.ascontiguousarray(image)
