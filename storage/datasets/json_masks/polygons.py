"""Masks as polygons: lists x0, y0, x1, y1, ... in pixels, as in COCO."""

from collections.abc import Sequence

import numpy as np

from storage.datasets.source import UInt8Array

_FARTHEST = 1e12
_MOST_PIXELS = 1 << 28
"""Limit for the boxes of a mask's polygons together: some hundred frames of 1080 lines."""
_MOST_CROSSINGS = 1 << 23
"""Limit for crossings of a polygon with rows of the frame, because they take memory."""

_Numbers = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def fill_polygons(polygons: Sequence[Sequence[float]], size: tuple[int, int]) -> UInt8Array:
    """Mask as uint8 (H, W): 1 for pixels whose centre is in any of the polygons.

    The upper left corner of the frame is (0, 0), and the centre of its first pixel is (0.5, 0.5).
    If a polygon crosses itself, the even-odd rule decides. Parts outside the frame are cut off.

    Raises:
        ValueError: a polygon has fewer than three points, an odd count or values that are not
            finite numbers, or the polygons would take too long to fill.
    """
    mask = np.zeros(size, np.uint8)
    work = 0
    for polygon in polygons:
        points = _points(polygon)
        top, bottom = _span(points[:, 1], size[0])
        left, right = _span(points[:, 0], size[1])
        if top >= bottom or left >= right:
            continue
        work += (bottom - top) * (right - left)
        if work > _MOST_PIXELS:
            raise ValueError(
                f"the boxes of its polygons have more than {_MOST_PIXELS:.0e} pixels together; "
                "give run lengths"
            )
        mask[top:bottom, left:right] |= _inside(points, (top, bottom), (left, right))
    return mask


def _span(values: _Numbers, side: int) -> tuple[int, int]:
    """First and last (exclusive) pixel that an outline can touch along an axis."""
    return (
        int(np.clip(np.floor(values.min()), 0, side)),
        int(np.clip(np.ceil(values.max()), 0, side)),
    )


def _inside(points: _Numbers, rows: tuple[int, int], columns: tuple[int, int]) -> UInt8Array:
    """Fill one outline within a box.

    Every crossing with a row of centres changes between outside and inside.
    """
    start, end = points, np.roll(points, -1, axis=0)
    # Rows r whose centre, r + 0.5, is between the ends of the edge; none for flat edges.
    low = np.clip(np.ceil(np.minimum(start[:, 1], end[:, 1]) - 0.5), *rows).astype(np.int64)
    high = np.clip(np.ceil(np.maximum(start[:, 1], end[:, 1]) - 0.5), *rows).astype(np.int64)
    counts = high - low
    total = int(counts.sum())
    if total > _MOST_CROSSINGS:
        raise ValueError(
            f"a polygon crosses rows of the frame more than {_MOST_CROSSINGS:.0e} times; "
            "give run lengths"
        )
    edges = np.repeat(np.arange(len(points)), counts)
    row = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts) + low[edges]
    share = (row + 0.5 - start[edges, 1]) / (end[edges, 1] - start[edges, 1])
    crossings = start[edges, 0] + share * (end[edges, 0] - start[edges, 0])
    # The first column whose centre is not left of the crossing.
    column = np.clip(np.ceil(crossings - 0.5), *columns).astype(np.int64)
    height, width = rows[1] - rows[0], columns[1] - columns[0] + 1
    places = (row - rows[0]) * width + column - columns[0]
    parity = (np.bincount(places, minlength=height * width) & 1).astype(np.uint8)
    filled: UInt8Array = np.bitwise_xor.accumulate(parity.reshape(height, width), axis=1)[:, :-1]
    return filled


def _points(polygon: Sequence[float]) -> _Numbers:
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
