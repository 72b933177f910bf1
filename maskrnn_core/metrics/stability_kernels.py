"""Compiled kernels of T, first part: outlines along pixel corners and their simplification.

Corner (y, x) is the upper left corner of pixel (y, x). Directions: 0 up, 1 left, 2 down, 3 right.
"""

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.metrics.compilation import compiled

UInt8 = NDArray[np.uint8]
Int32 = NDArray[np.int32]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


@compiled
def padded_mask(labels: UInt8, object_id: int, box: NDArray[np.int64]) -> UInt8:
    """Mask of the object inside the box (y0, x0, y1, x1) with one pixel of background around."""
    top, left = box[0], box[1]
    height, width = max(box[2] - top, 0), max(box[3] - left, 0)
    mask = np.zeros((height + 2, width + 2), dtype=np.uint8)
    for y in range(height):
        for x in range(width):
            mask[y + 1, x + 1] = labels[top + y, left + x] == object_id
    return mask


@compiled
def trace_pieces(mask: UInt8) -> tuple[Int32, Int32]:
    """Cut the outlines of a padded mask (h + 2, w + 2) into pieces between junctions.

    Junctions are the corners where pixels touch diagonally, numbered from 1 in scan order. An
    outline without a junction gets one: the upper end of its first vertical side in scan order.
    The outline is followed downwards from there.

    Returns corners (n, 2) as y, x and pieces (k, 4): first corner, one past the last corner,
    junction at the start, junction at the end. Corner (0, 0) is the upper left corner inside the
    padding.
    """
    height, width = mask.shape[0] - 2, mask.shape[1] - 2
    junctions = np.zeros((height + 1, width + 1), dtype=np.int32)
    sides, number = 0, 0
    for y in range(height + 1):
        for x in range(width + 1):
            a, b, c, d = mask[y, x], mask[y, x + 1], mask[y + 1, x], mask[y + 1, x + 1]
            sides += (b != d) + (c != d)
            if a == d and b == c and a != b:
                number += 1
                junctions[y, x] = number
    corners = np.empty((2 * sides, 2), dtype=np.int32)
    pieces = np.empty((sides, 4), dtype=np.int32)
    seen = np.zeros((2, height + 1, width + 1), dtype=np.uint8)
    used, count = 0, 0
    if number > 0:
        for y in range(height, -1, -1):
            for x in range(width, -1, -1):
                for direction in range(4):
                    if junctions[y, x] > 0 and not _is_seen(seen, y, x, direction):
                        end = _follow(mask, junctions, seen, corners, used, y, x, direction)
                        _note(pieces, count, used, end, junctions, corners)
                        used, count = end, count + 1
    for y in range(height):
        for x in range(width + 1):
            if mask[y + 1, x] != mask[y + 1, x + 1] and seen[0, y, x] == 0:
                number += 1
                junctions[y, x] = number
                end = _follow(mask, junctions, seen, corners, used, y, x, 2)
                _note(pieces, count, used, end, junctions, corners)
                used, count = end, count + 1
    return corners[:used], pieces[:count]


@compiled
def _note(
    pieces: Int32, count: int, start: int, end: int, junctions: Int32, corners: Int32
) -> None:
    pieces[count, 0], pieces[count, 1] = start, end
    pieces[count, 2] = junctions[corners[start, 0], corners[start, 1]]
    pieces[count, 3] = junctions[corners[end - 1, 0], corners[end - 1, 1]]


@compiled
def _follow(
    mask: UInt8,
    junctions: Int32,
    seen: UInt8,
    corners: Int32,
    used: int,
    y: int,
    x: int,
    direction: int,
) -> int:
    """Append the corners from (y, x) to the next junction; return one past the last corner."""
    corners[used, 0], corners[used, 1] = y, x
    used += 1
    while True:
        _see(seen, y, x, direction)
        y += (direction == 2) - (direction == 0)
        x += (direction == 3) - (direction == 1)
        corners[used, 0], corners[used, 1] = y, x
        used += 1
        if junctions[y, x] > 0:
            return used
        back = (direction + 2) % 4
        for turn in range(4):
            if turn != back and _is_side(mask, y, x, turn):
                direction = turn
                break


@compiled
def _is_side(mask: UInt8, y: int, x: int, direction: int) -> bool:
    if direction == 0:
        return bool(mask[y, x] != mask[y, x + 1])
    if direction == 1:
        return bool(mask[y, x] != mask[y + 1, x])
    if direction == 2:
        return bool(mask[y + 1, x] != mask[y + 1, x + 1])
    return bool(mask[y, x + 1] != mask[y + 1, x + 1])


@compiled
def _see(seen: UInt8, y: int, x: int, direction: int) -> None:
    """Mark a side: a vertical one at its upper corner, a horizontal one at its left corner."""
    seen[direction % 2, y - (direction == 0), x - (direction == 1)] = 1


@compiled
def _is_seen(seen: UInt8, y: int, x: int, direction: int) -> bool:
    return bool(seen[direction % 2, y - (direction == 0), x - (direction == 1)] != 0)


@compiled
def simplified(points: Float64, tolerance: float) -> Float64:
    """Simplify a line (n, 2) by Douglas-Peucker, after a distance filter; the ends stay.

    The filter drops points nearer than the tolerance to the last kept point. Of points equally far
    from the segment, the last one splits the line. As in the official program, the foot of the
    perpendicular is computed in single precision. This decides between points that would be ties.
    """
    if len(points) < 3:
        return points
    line = _thinned(points, tolerance)
    keep = np.zeros(len(line), dtype=np.bool_)
    keep[0] = keep[-1] = True
    stack = [(0, len(line) - 1)]
    while len(stack) > 0:
        first, last = stack.pop()
        farthest, split = 0.0, -1
        for i in range(first + 1, last):
            distance = _squared_distance(line[i], line[first], line[last])
            if distance >= farthest:
                farthest, split = distance, i
        if split >= 0 and farthest > tolerance * tolerance:
            keep[split] = True
            stack.append((split, last))
            stack.append((first, split))
    return line[keep]


@compiled
def _thinned(points: Float64, tolerance: float) -> Float64:
    kept = np.empty_like(points)
    kept[0] = points[0]
    count = 1
    for i in range(1, len(points) - 1):
        dy = points[i, 0] - kept[count - 1, 0]
        dx = points[i, 1] - kept[count - 1, 1]
        if dy * dy + dx * dx >= tolerance * tolerance:
            kept[count] = points[i]
            count += 1
    kept[count] = points[-1]
    return kept[: count + 1]


@compiled
def _squared_distance(point: Float64, start: Float64, end: Float64) -> float:
    vy, vx = end[0] - start[0], end[1] - start[1]
    along = (point[0] - start[0]) * vy + (point[1] - start[1]) * vx
    length = vy * vy + vx * vx
    if along <= 0:
        foot_y, foot_x = start[0], start[1]
    elif length <= along:
        foot_y, foot_x = end[0], end[1]
    else:
        share = float(np.float32(along) / np.float32(length))
        foot_y, foot_x = start[0] + share * vy, start[1] + share * vx
    return float((point[0] - foot_y) ** 2 + (point[1] - foot_x) ** 2)


@compiled
def resampled(polygon: Float64, step: float) -> Float64:
    """Points (m, 2) of a polygon (n, 2) whose segments above `step` are cut into equal parts.

    Positions are summed in single precision, as in the official program.
    """
    total = len(polygon)
    parts = np.ones(len(polygon), dtype=np.int64)
    for i in range(1, len(polygon)):
        dy = np.float32(polygon[i, 0] - polygon[i - 1, 0])
        dx = np.float32(polygon[i, 1] - polygon[i - 1, 1])
        length = np.sqrt(np.float32(dx * dx + dy * dy))
        if length > step:
            parts[i] = int(np.ceil(np.float32(length) / np.float32(step)))
            total += parts[i] - 1
    points = np.empty((total, 2), dtype=np.float64)
    points[0] = polygon[0]
    count = 1
    for i in range(1, len(polygon)):
        for axis in range(2):
            part = np.float32(polygon[i, axis] - polygon[i - 1, axis]) / np.float32(parts[i])
            position = np.float32(polygon[i - 1, axis])
            for k in range(parts[i] - 1):
                position = np.float32(position + part)
                points[count + k, axis] = position
        count += parts[i]
        points[count - 1] = polygon[i]
    return points
