"""Compiled kernels of J and F on label maps: all objects in one pass over the pixels."""

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.metrics.compilation import compiled

UInt8 = NDArray[np.uint8]
Byte = np.uint8
Word = np.uint64

ONE = np.uint64(1)
BYTE_INDEX = np.uint64(0x0001020304050607)
"""The highest byte of this constant times 1 << 8 k is k."""
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
UInt64 = NDArray[np.uint64]


@compiled
def bounding_box(labels: UInt8, box: Int64) -> None:
    """Widen box (y0, x0, y1, x1; half open) so that it holds every pixel that is not background."""
    height, width = labels.shape
    columns = np.zeros(width, dtype=np.uint8)
    for y in range(height):
        row = labels[y]
        if not _any_label(row):
            continue
        box[0] = min(box[0], y)
        box[2] = max(box[2], y + 1)
        for x in range(width):
            columns[x] |= row[x]
    left = 0
    while left < width and columns[left] == 0:
        left += 1
    if left == width:
        return
    right = width
    while columns[right - 1] == 0:
        right -= 1
    box[1] = min(box[1], left)
    box[3] = max(box[3], right)


@compiled
def _any_label(row: UInt8) -> bool:
    found = False
    for x in range(len(row)):
        found |= row[x] != 0
    return found


@compiled
def count_pairs(truth: UInt8, predicted: UInt8, box: Int64, counts: Int64) -> None:
    """Add to counts[a, b] the number of pixels with true label a and predicted label b.

    Outside the box both are background. counts is (n + 3, m + 3): row n + 1 counts labels above n,
    and row n + 2 counts void (255). Columns are the same for the prediction.
    """
    height, width = truth.shape
    last_truth = counts.shape[0] - 3
    last_predicted = counts.shape[1] - 3
    top, left, bottom, right = box[0], box[1], box[2], box[3]
    span = max(right - left, 0)
    counts[0, 0] += height * width - max(bottom - top, 0) * span
    changes = np.zeros((span + 7) // 8 * 8, dtype=np.uint8)
    words = changes.view(np.uint64)
    for y in range(top, bottom):
        a, b = truth[y, left:right], predicted[y, left:right]
        _note_changes(a[:-1], a[1:], b[:-1], b[1:], changes[1:span])
        start = 0
        for word in range(len(words)):
            if words[word] == 0:
                continue
            flags = words[word]
            while flags != 0:
                x = 8 * word + _lowest_byte(flags)
                flags &= flags - ONE
                row = _bin(a[start], last_truth)
                counts[row, _bin(b[start], last_predicted)] += x - start
                start = x
        row = _bin(a[start], last_truth)
        counts[row, _bin(b[start], last_predicted)] += span - start


@compiled
def _note_changes(a: UInt8, b: UInt8, c: UInt8, d: UInt8, changes: UInt8) -> None:
    """changes = a differs from b or c from d, byte by byte; the compiler vectorises this loop."""
    for x in range(len(changes)):
        changes[x] = (a[x] != b[x]) | (c[x] != d[x])


@compiled
def _bin(label: int, last: int) -> int:
    if label <= last:
        return label
    return last + 2 if label == 255 else last + 1


@compiled
def find_boundaries(labels: UInt8, box: Int64, last: int, found: Int32) -> int:
    """Find the boundary pixels of the objects 1..last, in scan order; return their number.

    A pixel lies on the boundary of an object if the object's mask changes between the pixel and
    its right, lower or lower-right neighbour. The last row has only right neighbours, and the last
    column only lower ones. So in a block of 2 x 2 pixels with more than one label, the upper left
    pixel is on the boundary of every object in the block. The box (y0, x0, y1, x1) contains all
    objects.

    found (capacity, 3) receives label, y, x. Pixels beyond its capacity are only counted.
    """
    height, width = labels.shape
    top, left = max(box[0] - 1, 0), max(box[1] - 1, 0)
    right = max(box[3], left)
    inner = min(right, width - 1) - left
    changes = np.zeros((right - left + 7) // 8 * 8, dtype=np.uint8)
    words = changes.view(np.uint64)
    count = 0
    for y in range(top, box[2]):
        upper, lower = labels[y, left:], labels[min(y + 1, height - 1), left:]
        _note_corners(upper[:inner], upper[1:], lower[:inner], lower[1:], changes[:inner])
        if left + inner < right:
            changes[inner] = upper[inner] != lower[inner]
        for word in range(len(words)):
            if words[word] == 0:
                continue
            flags = words[word]
            while flags != 0:
                x = 8 * word + _lowest_byte(flags)
                flags &= flags - ONE
                beside = min(x + 1, len(upper) - 1)
                a, b, c, d = upper[x], upper[beside], lower[x], lower[beside]
                most = max(max(a, b), max(c, d))
                # The usual case is written out, because a call would cost more than the work.
                other = _is_other(a, most) | _is_other(b, most)
                if other | _is_other(c, most) | _is_other(d, most):
                    count = _add(found, count, (a, b, c, d), last, y, left + x)
                elif most <= last:
                    if count < len(found):
                        found[count, 0], found[count, 1], found[count, 2] = most, y, left + x
                    count += 1
    return count


@compiled
def _lowest_byte(flags: Word) -> int:
    """Index of the lowest byte that is 1, in a word whose bytes are 0 or 1."""
    lowest = flags & (~flags + ONE)
    return int((lowest * BYTE_INDEX) >> np.uint64(56))


@compiled
def _note_corners(a: UInt8, b: UInt8, c: UInt8, d: UInt8, changes: UInt8) -> None:
    """changes = a, b, c, d are not all alike, byte by byte; the compiler vectorises this loop."""
    for x in range(len(changes)):
        changes[x] = (a[x] != b[x]) | (a[x] != c[x]) | (a[x] != d[x])


@compiled
def _is_other(label: Byte, most: Byte) -> bool:
    return bool((label != 0) & (label != most))


@compiled
def _add(
    found: Int32, count: int, block: tuple[Byte, Byte, Byte, Byte], last: int, y: int, x: int
) -> int:
    """Add the pixel for every object in its block of four labels; return the new count."""
    a, b, c, d = block
    for i in range(4):
        label = block[i]
        if label == 0 or label > last:
            continue
        if (i == 1 and b == a) or (i == 2 and c in (a, b)) or (i == 3 and d in (a, b, c)):
            continue
        if count < len(found):
            found[count, 0], found[count, 1], found[count, 2] = label, y, x
        count += 1
    return count


@compiled
def group_by_label(found: Int32, count: int, starts: Int64, points: Int32) -> None:
    """Sort boundary pixels by label: those of object k become points[starts[k]:starts[k + 1]].

    Writes starts (last + 2,) and points (>= count, 2) with y, x. Points of an object keep their
    scan order.
    """
    starts[:] = 0
    for i in range(count):
        starts[found[i, 0]] += 1
    total = 0
    for label in range(len(starts)):
        number = starts[label]
        starts[label] = total
        total += number
    for i in range(count):
        label = found[i, 0]
        points[starts[label], 0] = found[i, 1]
        points[starts[label], 1] = found[i, 2]
        starts[label] += 1
    for label in range(len(starts) - 1, 0, -1):
        starts[label] = starts[label - 1]
    starts[0] = 0


@compiled
def mark(points: Int32, bits: UInt64) -> None:
    """Set one bit per point (y, x) in bits (H, ceil(W / 64)), the bitmap of a boundary."""
    for i in range(len(points)):
        y, x = points[i, 0], points[i, 1]
        bits[y, x >> 6] |= np.uint64(1) << np.uint64(x & 63)


@compiled
def unmark(points: Int32, bits: UInt64) -> None:
    """Clear the words that `mark` touched."""
    for i in range(len(points)):
        bits[points[i, 0], points[i, 1] >> 6] = np.uint64(0)


@compiled
def count_near(points: Int32, bits: UInt64, reach: Int64) -> int:
    """Count the points (y, x) that have a set bit within the disk around them.

    reach[d] is the half width of the disk, d rows away from its centre. Testing the points against
    the dilated bitmap would give the same, but its cost grows with the frame, not the boundary.
    """
    height, words = bits.shape
    every = ~np.uint64(0)
    near = 0
    for i in range(len(points)):
        y, x = points[i, 0], points[i, 1]
        for d in range(len(reach)):
            low = max(x - reach[d], 0)
            high = min(x + reach[d], words * 64 - 1)
            first, final = low >> 6, high >> 6
            head = every << np.uint64(low & 63)
            tail = every >> np.uint64(63 - (high & 63))
            hit = y >= d and _any_bit(bits, y - d, first, final, head, tail)
            if hit or (y + d < height and _any_bit(bits, y + d, first, final, head, tail)):
                near += 1
                break
    return near


@compiled
def _any_bit(bits: UInt64, y: int, first: int, final: int, head: Word, tail: Word) -> bool:
    """Whether row y has a bit in the words first..final, masked at both ends."""
    if first == final:
        return bool((bits[y, first] & head & tail) != 0)
    if (bits[y, first] & head) != 0 or (bits[y, final] & tail) != 0:
        return True
    for word in range(first + 1, final):  # noqa: SIM110 (numba compiles loops)
        if bits[y, word] != 0:
            return True
    return False
