"""Masks as polygons: lists x0, y0, x1, y1, ... in pixels, as in COCO."""

from collections.abc import Sequence

import numpy as np

from storage.datasets.source import UInt8Array

_FARTHEST = 1e12


def fill_polygons(polygons: Sequence[Sequence[float]], size: tuple[int, int]) -> UInt8Array:
    """Mask as uint8 (H, W): 1 for pixels whose centre lies in any of the polygons.

    The upper left corner of the frame is (0, 0), and the centre of its first pixel is (0.5, 0.5).
    If a polygon crosses itself, the even-odd rule decides. Parts outside the frame are cut off.

    Raises:
        ValueError: there are fewer than three points, the number of coordinates is odd, or they
            are not finite numbers.
    """
    mask = np.zeros(size, np.uint8)
    for polygon in polygons:
        points = _points(polygon)
        inside = np.zeros(size, bool)
        low = max(0, int(np.floor(points[:, 1].min())))
        high = min(size[0], int(np.ceil(points[:, 1].max())))
        for row in range(low, high):
            crossings = _crossings(points, row + 0.5)
            # The first column whose centre is not left of the crossing.
            columns = np.clip(np.ceil(crossings - 0.5), 0, size[1]).astype(np.int64)
            for left, right in zip(columns[::2].tolist(), columns[1::2].tolist(), strict=True):
                inside[row, left:right] = True
        mask[inside] = 1
    return mask


def _points(polygon: Sequence[float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    if len(polygon) < 6 or len(polygon) % 2:
        raise ValueError(f"a polygon has {len(polygon)} numbers; give x and y of 3 points or more")
    try:
        points = np.array(polygon, np.float64)
    except (TypeError, ValueError):
        raise ValueError("a polygon has values that are not numbers") from None
    if points.ndim != 1 or not np.isfinite(points).all():
        raise ValueError("a polygon has values that are not finite numbers")
    if np.abs(points).max() > _FARTHEST:
        raise ValueError(f"a polygon has coordinates beyond {_FARTHEST:.0e} pixels")
    return points.reshape(-1, 2)


def _crossings(
    points: np.ndarray[tuple[int, ...], np.dtype[np.float64]], y: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Crossings of the outline with a horizontal line, ascending; their number is always even."""
    following = np.roll(points, -1, axis=0)
    crossed = (points[:, 1] <= y) != (following[:, 1] <= y)
    start, end = points[crossed], following[crossed]
    share = (y - start[:, 1]) / (end[:, 1] - start[:, 1])
    return np.sort(start[:, 0] + share * (end[:, 0] - start[:, 0]))
