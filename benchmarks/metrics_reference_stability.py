"""T restated from its definition in plain Python and numpy; for comparison only.

Masks whose pixels touch diagonally are refused: the definition leaves their contours open.
"""

import itertools
import math

import numpy as np
from numpy.typing import NDArray

BoolImage = NDArray[np.bool_]
Points = NDArray[np.float64]
Corner = tuple[int, int]


def temporal_stability(first: BoolImage, second: BoolImage, *, strict: bool = False) -> float:
    """T of two neighbouring frames, times 5; NaN without a contour in either.

    Of equally cheap paths one with diagonal steps is taken; with strict they are a ValueError.
    """
    contours = [longest_contour(mask) for mask in (first, second)]
    if contours[0] is None or contours[1] is None:
        return math.nan
    costs = _costs(_shape_context(contours[0]), _shape_context(contours[1]))
    path = _path(costs, strict)
    best = path[0]
    for cell in path[1:-1]:
        if costs[cell] < costs[best]:
            best = cell
    shift = best[0] + 1, best[1] + 1
    rolled = np.roll(costs, (-shift[0], -shift[1]), axis=(0, 1))
    cells = _path(rolled, strict)
    for axis in (0, 1):
        cheapest: dict[int, Corner] = {}
        for cell in cells:
            if cell[axis] not in cheapest or rolled[cell] < rolled[cheapest[cell[axis]]]:
                cheapest[cell[axis]] = cell
        cells = list(cheapest.values())
    return float(5 * np.mean([rolled[cell] for cell in cells]))


def longest_contour(mask: BoolImage) -> Points | None:
    """Points (n, 2) as y, x of the resampled polygon with the most vertices."""
    longest: list[Corner] | None = None
    for loop, turned in _loops(np.pad(mask, 1)):
        polygon = _simplified(_simplified([(2 * y, 2 * x) for y, x in loop], 0.1), 3)
        if len(polygon) > 3 and (longest is None or len(polygon) > len(longest)):
            longest = polygon[::-1] if turned else polygon
    if longest is None:
        return None
    return _resampled((np.array(longest) / 2).astype(np.float32))


def _loops(mask: BoolImage) -> list[tuple[list[Corner], bool]]:
    """Closed loops of corners and whether they must be turned to have the object on the right."""
    touching = (mask[:-1, :-1] == mask[1:, 1:]) & (mask[:-1, 1:] == mask[1:, :-1])
    if np.any(touching & (mask[:-1, :-1] != mask[:-1, 1:])):
        raise ValueError("pixels touch diagonally")
    loops = []
    seen: set[Corner] = set()
    # vertical sides in scan order, by their upper ends
    for y, x in np.argwhere(mask[1:-1, :-1] != mask[1:-1, 1:]).tolist():
        if (y, x) in seen:
            continue
        loop = [(y, x), (y + 1, x)]
        seen.add((y, x))
        while loop[-1] != loop[0]:
            (py, px), (cy, cx) = loop[-2], loop[-1]
            for ny, nx in ((cy - 1, cx), (cy + 1, cx), (cy, cx - 1), (cy, cx + 1)):
                if (ny, nx) == (py, px):
                    continue
                top, left = min(cy, ny), min(cx, nx)
                if cx == nx and mask[top + 1, cx] != mask[top + 1, cx + 1]:
                    seen.add((top, cx))
                elif not (cy == ny and mask[cy, left + 1] != mask[cy + 1, left + 1]):
                    continue
                loop.append((ny, nx))
                break
        loops.append((loop, bool(mask[y + 1, x + 1])))
    return loops


def _simplified(line: list[Corner], tolerance: float) -> list[Corner]:
    kept = [line[0]]
    for point in line[1:-1]:
        if math.dist(point, kept[-1]) ** 2 >= tolerance**2 - 1e-9:
            kept.append(point)
    return _split([*kept, line[-1]], tolerance)


def _split(line: list[Corner], tolerance: float) -> list[Corner]:
    farthest, index = 0.0, 0
    for i in range(1, len(line) - 1):
        distance = _squared_distance(line[i], line[0], line[-1])
        if distance >= farthest:
            farthest, index = distance, i
    if index == 0 or farthest <= tolerance**2:
        return [line[0], line[-1]]
    return _split(line[: index + 1], tolerance)[:-1] + _split(line[index:], tolerance)


def _squared_distance(point: Corner, start: Corner, end: Corner) -> float:
    v = end[0] - start[0], end[1] - start[1]
    along = (point[0] - start[0]) * v[0] + (point[1] - start[1]) * v[1]
    length = v[0] ** 2 + v[1] ** 2
    share = 0.0 if along <= 0 else 1.0 if length <= along else _single(along, length)
    foot = start[0] + share * v[0], start[1] + share * v[1]
    dy, dx = point[0] - foot[0], point[1] - foot[1]
    return dy * dy + dx * dx  # The last digit decides between ties, and that of pow is not exact.


def _single(along: int, length: int) -> float:
    return float(np.float32(along) / np.float32(length))


def _resampled(polygon: NDArray[np.float32]) -> Points:
    points = [polygon[0]]
    for start, end in itertools.pairwise(polygon):
        parts = max(math.ceil(np.float32(np.sqrt(np.sum((end - start) ** 2))) / np.float32(3)), 1)
        step = (end - start) / np.float32(parts)
        for _ in range(parts - 1):
            points.append(points[-1] + step)
        points.append(end)
    return np.array(points, dtype=np.float64)


def _shape_context(points: Points) -> Points:
    dy = points[np.newaxis, :, 0] - points[:, np.newaxis, 0]
    dx = points[np.newaxis, :, 1] - points[:, np.newaxis, 1]
    distances = np.sqrt(dy**2 + dx**2)
    distances /= distances.mean()
    edges = np.array([1 / 8, 1 / 4, 1 / 2, 1, 2])
    rings = np.searchsorted(edges, distances, side="right")
    angles = np.arctan2(dy, dx)
    sectors = np.floor(np.where(angles < 0, angles + 2 * np.pi, angles) / (np.pi / 6)).astype(int)
    histograms = np.zeros((len(points), 60))
    for i in range(len(points)):
        inside = rings[i] < 5
        bins = 5 * (sectors[i, inside] % 12) + rings[i, inside]
        histograms[i] = np.bincount(bins, minlength=60)
    result: Points = histograms / histograms.sum(axis=1, keepdims=True)
    return result


def _costs(first: Points, second: Points) -> Points:
    a, b = first[:, np.newaxis], second[np.newaxis]
    result: Points = 0.5 * np.sum((a - b) ** 2 / (a + b + 2.2204e-16), axis=2)
    return result


def _path(costs: Points, strict: bool) -> list[Corner]:
    """Cells of the cheapest path from the last to the first; the diagonal step first."""
    table = costs.tolist()
    height, width = costs.shape
    totals = [[math.inf] * width for _ in range(height)]
    totals[0][0] = 0.0
    came: dict[Corner, Corner] = {}
    for y in range(height):
        for x in range(width):
            best = math.inf
            for py, px in ((y - 1, x - 1), (y - 1, x), (y, x - 1)):
                if py >= 0 and px >= 0 and totals[py][px] < best:
                    best = totals[py][px]
                    came[y, x] = (py, px)
            if came.get((y, x)):
                totals[y][x] = best + table[y][x]
    path = [(height - 1, width - 1)]
    while path[-1] != (0, 0):
        y, x = path[-1]
        before = [
            totals[b][a] for b, a in ((y - 1, x - 1), (y - 1, x), (y, x - 1)) if min(a, b) >= 0
        ]
        if strict and before.count(min(before)) > 1:
            raise ValueError("several paths are equally cheap")
        path.append(came[path[-1]])
    return path
