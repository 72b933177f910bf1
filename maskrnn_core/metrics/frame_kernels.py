"""Compiled kernel that counts one frame for all objects in a single call, to save call overhead."""

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.metrics.compilation import compiled
from maskrnn_core.metrics.contour_kernels import (
    Int32,
    Int64,
    UInt8,
    UInt64,
    bounding_box,
    count_near,
    count_pairs,
    find_boundaries,
    group_by_label,
    mark,
    unmark,
)

VOID_FOUND = -1


@compiled
def count_frame(
    true: UInt8,
    predicted: UInt8,
    pairs: Int64,
    reach: Int64,
    bits: UInt64,
    found: Int32,
    pixels: Int64,
    rows: Int64,
    stop_at_void: bool,
) -> int:
    """Fill `rows` (pairs, 6) with the counts of FrameCounts, and `pixels` as in `count_pairs`.

    `bits` (2, H, words), all zero, and `found` (2, capacity, 3) are work buffers. Returns 0 on
    success. Otherwise it fills nothing and returns the needed capacity, or VOID_FOUND.
    """
    box = np.array([true.shape[0], true.shape[1], 0, 0])
    bounding_box(true, box)
    bounding_box(predicted, box)
    pixels[:] = 0
    count_pairs(true, predicted, box, pixels)
    if stop_at_void and pixels[-1].sum() > 0:
        return VOID_FOUND
    most, top = pixels.shape[0] - 3, pixels.shape[1] - 3
    true_count = find_boundaries(true, box, most, found[0])
    count = find_boundaries(predicted, box, top, found[1])
    if max(true_count, count) > found.shape[1]:
        return max(true_count, count)
    true_points, true_starts = _grouped(found[0], true_count, most)
    points, starts = _grouped(found[1], count, top)
    for i in range(len(pairs)):
        a, b = pairs[i, 0], pairs[i, 1]
        true_edge = true_points[true_starts[a] : true_starts[a + 1]]
        edge = points[starts[b] : starts[b + 1]]
        rows[i, 0] = pixels[a, b]
        rows[i, 1] = pixels[a].sum() + pixels[:, b].sum() - pixels[a, b]
        rows[i, 2], rows[i, 3], rows[i, 4], rows[i, 5] = len(edge), len(true_edge), 0, 0
        if len(edge) > 0 and len(true_edge) > 0:
            mark(edge, bits[0])
            mark(true_edge, bits[1])
            rows[i, 4] = count_near(edge, bits[1], reach)
            rows[i, 5] = count_near(true_edge, bits[0], reach)
            unmark(edge, bits[0])
            unmark(true_edge, bits[1])
    return 0


@compiled
def _grouped(found: Int32, count: int, last: int) -> tuple[Int32, NDArray[np.int64]]:
    """Boundary pixels (y, x) by label: those of object k are points[starts[k]:starts[k + 1]]."""
    starts = np.empty(last + 2, dtype=np.int64)
    points = np.empty((count, 2), dtype=np.int32)
    group_by_label(found, count, starts, points)
    return points, starts
