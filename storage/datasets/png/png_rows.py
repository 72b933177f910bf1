"""Compiled kernels that undo the row filters of PNG (section 9 of the specification).

Rows of a mask are almost everywhere a continuation of their neighbours: stretches of zeros after
filtering. Eight bytes are taken at a time, and eight zeros are settled at once.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

F = TypeVar("F", bound=Callable[..., object])
UInt8 = NDArray[np.uint8]
UInt64 = NDArray[np.uint64]
Byte = np.uint8

FAULT = -1
"""Result of `unfilter` for a filter that does not exist."""

_EIGHT_TIMES = np.uint64(0x0101010101010101)


def compiled(function: F) -> F:
    """`function` compiled at its first call, its machine code kept on disk where that can be."""
    try:
        return cast(F, numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # numba found no directory for its cache
        return cast(F, numba.njit(nogil=True)(function))


@compiled
def unfilter(raw: UInt8, rows: UInt8) -> int:
    """Undo the filters of one-byte pixels: raw (H, 1 + bytes), filter first, to rows (H, bytes).

    Returns 0, or FAULT for a filter that does not exist.
    """
    width = rows.shape[1]
    padded = (width + 7) // 8 * 8  # whole, aligned words
    source = np.zeros(padded, dtype=np.uint8)
    target = np.zeros(padded, dtype=np.uint8)
    above = np.zeros(padded, dtype=np.uint8)
    for y in range(len(rows)):
        _copy(raw[y, 1:], source[:width])
        kind = raw[y, 0]
        if kind == 0:
            _copy(source, target)
        elif kind == 1:
            _add_left(source, target)
        elif kind == 2:
            _add_above(source, above, target)
        elif kind == 3:
            _add_mean(source, above, target)
        elif kind == 4:
            _add_paeth(source, above, target)
        else:
            return FAULT
        _copy(target[:width], rows[y])
        target, above = above, target
    return 0


@compiled
def _copy(source: UInt8, target: UInt8) -> None:
    for x in range(len(target)):
        target[x] = source[x]


@compiled
def _add_above(source: UInt8, above: UInt8, target: UInt8) -> None:
    for x in range(len(target)):
        target[x] = source[x] + above[x]


@compiled
def _add_left(source: UInt8, target: UInt8) -> None:
    words, out = source.view(np.uint64), target.view(np.uint64)
    left = np.uint8(0)
    for word in range(len(words)):
        if words[word] == 0:
            out[word] = np.uint64(left) * _EIGHT_TIMES
            continue
        for x in range(8 * word, 8 * word + 8):
            left = np.uint8(left + source[x])
            target[x] = left


@compiled
def _add_mean(source: UInt8, above: UInt8, target: UInt8) -> None:
    left = np.uint8(0)
    for x in range(len(target)):
        left = np.uint8(source[x] + ((np.int64(left) + np.int64(above[x])) >> 1))
        target[x] = left


@compiled
def _add_paeth(source: UInt8, above: UInt8, target: UInt8) -> None:
    words, over, out = source.view(np.uint64), above.view(np.uint64), target.view(np.uint64)
    left, corner = np.uint8(0), np.uint8(0)
    for word in range(len(words)):
        if words[word] == 0:
            if left == corner:  # the prediction is the pixel above, and stays so
                out[word] = over[word]
                left = corner = above[8 * word + 7]
                continue
            if over[word] == np.uint64(corner) * _EIGHT_TIMES:  # the pixel to the left, likewise
                out[word] = np.uint64(left) * _EIGHT_TIMES
                continue
        for x in range(8 * word, 8 * word + 8):
            left = np.uint8(source[x] + _paeth(left, above[x], corner))
            corner = above[x]
            target[x] = left


@compiled
def _paeth(left: Byte, above: Byte, corner: Byte) -> int:
    a, b, c = np.int64(left), np.int64(above), np.int64(corner)
    to_left, to_above, to_corner = abs(b - c), abs(a - c), abs(a + b - 2 * c)
    if to_left <= to_above and to_left <= to_corner:
        return int(a)
    return int(b) if to_above <= to_corner else int(c)
