"""The contour that T compares: the longest simplified polygon along the pixel corners of a mask."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Corners = NDArray[np.int32]
Pieces = NDArray[np.int32]
Points = NDArray[np.float64]

STRAIGHT_TOLERANCE = 0.1
SIMPLIFICATION_TOLERANCE = 3.0
"""In half pixels, because coordinates are doubled during simplification."""
LONGEST_SEGMENT = 3.0
"""In pixels."""


def longest_contour(labels: NDArray[np.uint8], object_id: int) -> Points | None:
    """Points (n, 2) as y, x in pixels of the object's longest polygon, or None if it has none.

    The polygon is closed (the last point equals the first) and has the object on its right. It has
    the most vertices of all outlines and holes; of equal ones, the first in scan order counts.
    Polygons of three or fewer points, such as those of single pixels, do not count.
    """
    from maskrnn_core.metrics import stability_kernels as kernels
    from maskrnn_core.metrics.contour_kernels import bounding_box

    box = np.array([*labels.shape, 0, 0], dtype=np.int64)
    bounding_box(labels, box)
    mask = kernels.padded_mask(labels, object_id, box)
    corners, pieces = kernels.trace_pieces(mask)
    longest: Points | None = None
    for loop in outlines(corners, pieces):
        polygon = kernels.simplified(2 * loop.astype(np.float64), STRAIGHT_TOLERANCE)
        polygon = kernels.simplified(polygon, SIMPLIFICATION_TOLERANCE) / 2
        if len(polygon) > 3 and (longest is None or len(polygon) >= len(longest)):
            longest = polygon if _object_on_right(loop, mask) else polygon[::-1].copy()
    if longest is None:
        return None
    return kernels.resampled(longest + box[:2], LONGEST_SEGMENT)


def _object_on_right(loop: Corners, mask: NDArray[np.uint8]) -> bool:
    """Whether the pixel to the right of the loop's first side belongs to the object."""
    (y, x), (dy, dx) = loop[0].tolist(), (loop[1] - loop[0]).tolist()
    # Corner (y, x) lies between the pixels [y, x] and [y + 1, x + 1] of the padded mask.
    row = y + 1 if dx > 0 or dy > 0 else y
    column = x + 1 if dx > 0 or dy < 0 else x
    return bool(mask[row, column])


def outlines(corners: Corners, pieces: Pieces) -> Iterator[Corners]:
    """Closed loops of corners (n, 2), joined from pieces between junctions.

    Where pixels touch diagonally, a loop turns and never goes straight on. The official program
    turns into the piece that it finds first. We keep its order, because two things depend on it:
    the choice among polygons of equal length, and the vertex where a polygon starts.
    """
    at_junction: dict[int, list[int]] = {}
    for index, (_, _, start, end) in enumerate(pieces.tolist()):
        for junction in {start, end}:
            at_junction.setdefault(junction, []).append(index)
    table = pieces.tolist()
    for junction in sorted(at_junction, reverse=True):
        while at_junction[junction]:
            yield from _walk(junction, corners, table, at_junction)


def _walk(
    junction: int, corners: Corners, table: list[list[int]], at_junction: dict[int, list[int]]
) -> Iterator[Corners]:
    """Loops of one walk that starts at the junction and ends when all loops are closed."""
    trail: list[tuple[int, int]] = []
    piece = at_junction[junction][0]
    while True:
        start, end = table[piece][2:]
        for place in {start, end}:
            at_junction[place].remove(piece)
        trail.append((junction, piece))
        junction = end if junction == start else start
        passed = [place for place, _ in trail]
        if junction in passed:
            first = passed.index(junction)
            yield _joined(trail[first:], corners, table)
            del trail[first:]
            if not trail:
                return
            piece = trail[-1][1]
        piece = _turn(piece, junction, corners, table, at_junction[junction])


def _turn(
    piece: int, junction: int, corners: Corners, table: list[list[int]], candidates: list[int]
) -> int:
    """The first candidate, or the second if the first would go straight on."""
    here, there = (_leaving(index, junction, corners, table) for index in (piece, candidates[0]))
    return candidates[1] if here == there else candidates[0]


def _leaving(index: int, junction: int, corners: Corners, table: list[list[int]]) -> bool:
    """Whether the piece leaves the junction along a row of corners."""
    first, beyond, start, _ = table[index]
    a, b = (first, first + 1) if start == junction else (beyond - 1, beyond - 2)
    return bool(corners[a, 0] == corners[b, 0])


def _joined(trail: list[tuple[int, int]], corners: Corners, table: list[list[int]]) -> Corners:
    parts = []
    for junction, index in trail:
        first, beyond, start, _ = table[index]
        part = corners[first:beyond]
        parts.append(part[:-1] if start == junction else part[:0:-1])
    parts.append(parts[0][:1])
    return np.concatenate(parts)
