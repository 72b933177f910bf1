"""Masks as polygons: lists x0, y0, x1, y1, ... in pixels, as COCO has them."""

from collections.abc import Sequence

import numpy as np

from storage.datasets.source import UInt8Array

_FARTHEST = 1e12


def fill_polygons(polygons: Sequence[Sequence[float]], size: tuple[int, int]) -> UInt8Array:
    """Mask as uint8 (H, W): 1 at pixels whose centre lies within any of the polygons.

    The upper left corner of the frame is (0, 0), the centre of its first pixel (0.5, 0.5). Where a
    polygon crosses itself, the even-odd rule decides; parts beyond the frame are cut off.

    Raises:
        ValueError: for fewer than three points, an odd count, or what are not finite numbers.
    """
    mask = np.zeros(size, np.uint8)
    for polygon in polygons:
        points = _points(polygon)
        inside = np.zeros(size, bool)
        low = max(0, int(np.floor(points[:, 1].min())))
        high = min(size[0], int(np.ceil(points[:, 1].max())))
        for row in range(low, high):
            crossings = _crossings(points, row + 0.5)
            # the first column whose centre is not left of the crossing
            columns = np.clip(np.ceil(crossings - 0.5), 0, size[1]).astype(np.int64)
            for left, right in zip(columns[::2].tolist(), columns[1::2].tolist(), strict=True):
                inside[row, left:right] = True
        mask[inside] = 1
    return mask


def _points(polygon: Sequence[float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    if len(polygon) < 6 or len(polygon) % 2:
        raise ValueError(f"a polygon of {len(polygon)} numbers; give x and y of 3 points or more")
    try:
        points = np.array(polygon, np.float64)
    except (TypeError, ValueError):
        raise ValueError("a polygon holds something other than numbers") from None
    if points.ndim != 1 or not np.isfinite(points).all():
        raise ValueError("a polygon holds something other than finite numbers")
    if np.abs(points).max() > _FARTHEST:
        raise ValueError(f"a polygon reaches farther than {_FARTHEST:.0e} pixels")
    return points.reshape(-1, 2)


def _crossings(
    points: np.ndarray[tuple[int, ...], np.dtype[np.float64]], y: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Where the outline crosses a horizontal line, ascending; always an even number."""
    following = np.roll(points, -1, axis=0)
    crossed = (points[:, 1] <= y) != (following[:, 1] <= y)
    start, end = points[crossed], following[crossed]
    share = (y - start[:, 1]) / (end[:, 1] - start[:, 1])
    return np.sort(start[:, 0] + share * (end[:, 0] - start[:, 0]))
