"""Orientation of videos and images; cameras record sideways and store a rotation."""

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
        DatasetError: the angle is not a multiple of a quarter turn.
    """
    if matrix is None or matrix.size < 5:
        return UPRIGHT
    a, b, c, d = (int(np.sign(matrix[place])) for place in (0, 1, 3, 4))
    if abs(a * d) + abs(b * c) != 1:
        raise DatasetError(
            "the file has a rotation that is not a multiple of a quarter turn. Encode it again "
            "without a rotation."
        )
    return a, b, c, d


def oriented(image: UInt8Array, orientation: Orientation) -> UInt8Array:
    """Rotate or mirror an image (H, W, ...) to its display orientation."""
    a, b, c, d = orientation
    horizontal, vertical = a, d
    if not a:
        image, horizontal, vertical = np.swapaxes(image, 0, 1), c, b
    image = image[:: -1 if vertical < 0 else 1, :: -1 if horizontal < 0 else 1]
    return np.ascontiguousarray(image)
