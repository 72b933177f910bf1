"""Compiled kernels of T, second part: shape context, chi-square costs and the cheapest path."""

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.metrics.compilation import compiled
from maskrnn_core.metrics.stability_ties import settled_path

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

ANGLES = 12
RADII = 5
EPSILON = 2.2204e-16
_DIAGONAL, _DOWN, _RIGHT = 0, 1, 2
_TIE = 4


@compiled
def shape_context(points: Float64) -> Float64:
    """Histograms (n, 60) of the positions of the other points, each with sum 1.

    Points are (n, 2) as y, x. There are 12 bins of the angle atan2(dy, dx) over [0, 2 pi). There
    are 5 bins of the distance with upper edges 1/8, 1/4, 1/2, 1 and 2 times the mean distance. The
    mean includes the zero distance of each point to itself. Farther points are left out. The point
    itself counts, at angle 0.
    """
    number = len(points)
    total = 0.0
    for i in range(number):
        for j in range(i):
            dy, dx = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1]
            total += np.sqrt(dy * dy + dx * dx)
    mean = 2 * total / (number * number)
    histograms = np.zeros((number, ANGLES * RADII))
    for i in range(number):
        histograms[i, 0] += 1
        for j in range(i):
            dy, dx = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1]
            ring = _ring(np.sqrt(dy * dy + dx * dx) / mean)
            if ring < RADII:
                histograms[i, RADII * _sector(dy, dx) + ring] += 1
                histograms[j, RADII * _sector(-dy, -dx) + ring] += 1
    for i in range(number):
        histograms[i] /= histograms[i].sum()
    return histograms


@compiled
def _ring(distance: float) -> int:
    if distance < 0.5:
        return 2 if distance >= 0.25 else (1 if distance >= 0.125 else 0)
    return 3 if distance < 1 else (4 if distance < 2 else 5)


@compiled
def _sector(dy: float, dx: float) -> int:
    """floor(atan2(dy, dx) mod 2 pi / 30 degrees), by turning the vector to the first quadrant."""
    if dx > 0 and dy >= 0:
        quadrant, along, across = 0, dx, dy
    elif dx <= 0 and dy > 0:
        quadrant, along, across = 1, dy, -dx
    elif dx < 0 and dy <= 0:
        quadrant, along, across = 2, -dx, -dy
    elif dx >= 0 and dy < 0:
        quadrant, along, across = 3, -dy, dx
    else:
        return 0
    root = 1.7320508075688772
    return 3 * quadrant + (across * root >= along) + (across >= along * root)


@compiled
def chi_square_costs(first: Float64, second: Float64) -> Float64:
    """Costs (n, m): half the sum of (a - b)^2 / (a + b + epsilon) over the histograms' bins."""
    bins = second.T.copy()
    alone = np.empty_like(bins)  # the terms for empty bins of the first histogram
    for k in range(len(bins)):
        for j in range(len(second)):
            alone[k, j] = bins[k, j] * bins[k, j] / (bins[k, j] + EPSILON)
    costs = np.empty((len(first), len(second)))
    for i in range(len(first)):
        _add_terms(first[i], bins, alone, costs[i])
    return costs


@compiled
def _add_terms(histogram: Float64, bins: Float64, alone: Float64, row: Float64) -> None:
    """One row of costs, bin by bin; the compiler vectorises the inner loops."""
    row[:] = 0.0
    for k in range(len(bins)):
        value, others, terms = histogram[k], bins[k], alone[k]
        if value == 0:
            for j in range(len(row)):
                row[j] += terms[j]
        else:
            for j in range(len(row)):
                difference = value - others[j]
                row[j] += difference * difference / (value + others[j] + EPSILON)
    for j in range(len(row)):
        row[j] *= 0.5


@compiled
def cheapest_path(costs: Float64, row_shift: int, column_shift: int) -> Int64:
    """Cells (p, 2) of the cheapest path from the last cell back to the first.

    Steps go down, right or both, and cost the cell they enter. Rows and columns are cyclic and
    start at the shifts. Cells are returned as indices of `costs`.
    """
    height, width = costs.shape
    steps = np.empty((height, width), dtype=np.uint8)
    above = np.full(width + 1, np.inf)
    here = np.full(width + 1, np.inf)
    for y in range(height):
        here[0] = np.inf
        row = costs[(y + row_shift) % height]
        for x in range(width):
            diagonal, up, left = above[x], above[x + 1], here[x]
            best, step = diagonal, _DIAGONAL
            if up < best:
                best, step = up, _DOWN
            if left < best:
                best, step = left, _RIGHT
            if (diagonal == best) + (up == best) + (left == best) > 1:
                step |= _TIE
            column = x + column_shift
            if column >= width:
                column -= width
            here[x + 1] = 0.0 if y + x == 0 else best + row[column]
            steps[y, x] = step
        above, here = here, above
    path = np.empty((height + width, 2), dtype=np.int64)
    y, x, count = height - 1, width - 1, 0
    while True:
        path[count, 0] = (y + row_shift) % height
        path[count, 1] = (x + column_shift) % width
        count += 1
        if y + x == 0:
            return path[:count]
        step = steps[y, x]
        if step & _TIE:
            return settled_path(costs, row_shift, column_shift)
        y -= step != _RIGHT
        x -= step != _DOWN


@compiled
def matching_cost(costs: Float64) -> float:
    """Mean cost of the one-to-one pairs on the cheapest path that starts at its cheapest cell.

    A first path gives that cell. Its own start is excluded; of equal cells, the first one from the
    end counts. The second path starts just after that cell. Of several pairs in one row the
    cheapest is kept, then of several pairs in one column.
    """
    path = cheapest_path(costs, 0, 0)
    best = 0
    for i in range(1, len(path) - 1):
        if costs[path[i, 0], path[i, 1]] < costs[path[best, 0], path[best, 1]]:
            best = i
    height, width = costs.shape
    path = cheapest_path(costs, (path[best, 0] + 1) % height, (path[best, 1] + 1) % width)
    of_row = np.full(height, -1, dtype=np.int64)
    for i in range(len(path)):
        y, x = path[i, 0], path[i, 1]
        if of_row[y] < 0 or costs[y, x] < costs[y, of_row[y]]:
            of_row[y] = x
    of_column = np.full(width, np.inf)
    for y in range(height):
        if of_row[y] >= 0:
            of_column[of_row[y]] = min(of_column[of_row[y]], costs[y, of_row[y]])
    kept = of_column[of_column < np.inf]
    return float(kept.sum() / len(kept))
