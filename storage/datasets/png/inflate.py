"""Compiled inflate (RFC 1951) for mask PNGs.

Masks are long runs of one value. zlib copies them byte by byte; here a run is filled at once, which
makes decoding of a mask several times faster.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

F = TypeVar("F", bound=Callable[..., object])
UInt8 = NDArray[np.uint8]
Int32 = NDArray[np.int32]

FAULT = -1
"""Result of `inflate` for data that is truncated, damaged or of another length."""

_CODE_ORDER = np.array([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15])
_LENGTH_BITS = np.array([0] * 8 + [k for k in range(1, 6) for _ in range(4)] + [0])
_LENGTH_BASE = np.array([*np.cumsum([3, *(1 << _LENGTH_BITS[:-2])]), 258])
_DISTANCE_BITS = np.array([0, 0] + [k for k in range(14) for _ in range(2)])
_DISTANCE_BASE = np.cumsum([1, *(1 << _DISTANCE_BITS[:-1])])


def compiled(function: F) -> F:
    """`function` compiled at its first call, its machine code kept on disk where that can be."""
    try:
        return cast(F, numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # numba found no directory for its cache
        return cast(F, numba.njit(nogil=True)(function))


@compiled
def inflate(data: UInt8, out: UInt8) -> int:
    """Unpack a raw deflate stream into `out`; returns its length, or FAULT unless out is filled."""
    state = np.zeros(3, dtype=np.int64)  # next byte, bit buffer, bits in the buffer
    filled = 0
    while True:
        last, kind = _bits(data, state, 1), _bits(data, state, 2)
        if last < 0 or kind < 0 or kind == 3:
            return FAULT
        if kind == 0:
            filled = _copy_stored(data, state, out, filled)
        else:
            lengths = np.zeros(320, dtype=np.int64)
            literals = _fixed_lengths(lengths) if kind == 1 else _read_lengths(data, state, lengths)
            if literals < 0:
                return FAULT
            codes = _table(lengths[:literals])
            distances = _table(lengths[literals:])
            filled = _unpack_block(data, state, out, filled, codes, distances)
        if filled < 0:
            return FAULT
        if last:
            return filled if filled == len(out) else FAULT


@compiled
def _bits(data: UInt8, state: NDArray[np.int64], number: int) -> int:
    """Take bits, lowest first; FAULT beyond the end."""
    while state[2] < number:
        if state[0] >= len(data):
            return FAULT
        state[1] |= np.int64(data[state[0]]) << state[2]
        state[0] += 1
        state[2] += 8
    value = state[1] & ((1 << number) - 1)
    state[1] >>= number
    state[2] -= number
    return int(value)


@compiled
def _copy_stored(data: UInt8, state: NDArray[np.int64], out: UInt8, filled: int) -> int:
    _bits(data, state, state[2] % 8)
    length, inverse = _bits(data, state, 16), _bits(data, state, 16)
    if length < 0 or inverse != length ^ 0xFFFF or filled + length > len(out):
        return FAULT
    for i in range(length):
        value = _bits(data, state, 8)
        if value < 0:
            return FAULT
        out[filled + i] = value
    return filled + length


@compiled
def _fixed_lengths(lengths: NDArray[np.int64]) -> int:
    lengths[:144], lengths[144:256], lengths[256:280], lengths[280:288] = 8, 9, 7, 8
    lengths[288:318] = 5
    return 288


@compiled
def _read_lengths(data: UInt8, state: NDArray[np.int64], lengths: NDArray[np.int64]) -> int:
    """Code lengths of a dynamic block; returns the number of literal codes or FAULT."""
    literals = _bits(data, state, 5) + 257
    distances = _bits(data, state, 5) + 1
    number = _bits(data, state, 4) + 4
    if number < 4 or distances < 1 or literals < 257 or literals > 286:
        return FAULT
    of_codes = np.zeros(19, dtype=np.int64)
    for i in range(number):
        length = _bits(data, state, 3)
        if length < 0:
            return FAULT
        of_codes[_CODE_ORDER[i]] = length
    table = _table(of_codes)
    count = 0
    while count < literals + distances:
        symbol = _symbol(data, state, table)
        if symbol < 0:
            return FAULT
        if symbol < 16:
            lengths[count] = symbol
            count += 1
            continue
        wide = 2 if symbol == 16 else (3 if symbol == 17 else 7)
        extra = _bits(data, state, wide)
        repeats = extra + (11 if symbol == 18 else 3)
        if extra < 0 or count + repeats > literals + distances or (symbol == 16 and count == 0):
            return FAULT
        lengths[count : count + repeats] = lengths[count - 1] if symbol == 16 else 0
        count += repeats
    return literals


@compiled
def _table(lengths: NDArray[np.int64]) -> Int32:
    """Look-up table of a Huffman code: entry symbol * 16 + length, by the next bits of the stream.

    A code with too many words gives an empty table, which no stream can use.
    """
    longest = max(lengths.max(), 1)
    table = np.zeros(1 << longest, dtype=np.int32)
    word, room = 0, 1 << longest
    for length in range(1, longest + 1):
        for symbol in range(len(lengths)):
            if lengths[symbol] != length:
                continue
            room -= 1 << (longest - length)
            if room < 0:
                table[:] = 0
                return table
            mirrored = 0
            for bit in range(length):
                mirrored |= ((word >> bit) & 1) << (length - 1 - bit)
            for index in range(mirrored, len(table), 1 << length):
                table[index] = symbol * 16 + length
            word += 1
        word <<= 1
    return table


@compiled
def _symbol(data: UInt8, state: NDArray[np.int64], table: Int32) -> int:
    while state[2] < 16 and state[0] < len(data):
        state[1] |= np.int64(data[state[0]]) << state[2]
        state[0] += 1
        state[2] += 8
    entry = table[state[1] & (len(table) - 1)]
    length = entry & 15
    if length == 0 or length > state[2]:
        return FAULT
    state[1] >>= length
    state[2] -= length
    return int(entry >> 4)


@compiled
def _unpack_block(
    data: UInt8, state: NDArray[np.int64], out: UInt8, filled: int, codes: Int32, distances: Int32
) -> int:
    while True:
        symbol = _symbol(data, state, codes)
        if symbol == 256:
            return filled
        if symbol < 0 or symbol > 285:
            return FAULT
        if symbol < 256:
            if filled == len(out):
                return FAULT
            out[filled] = symbol
            filled += 1
            continue
        extra = _bits(data, state, _LENGTH_BITS[symbol - 257])
        code = _symbol(data, state, distances)
        if extra < 0 or code < 0 or code > 29:
            return FAULT
        more = _bits(data, state, _DISTANCE_BITS[code])
        length, distance = _LENGTH_BASE[symbol - 257] + extra, _DISTANCE_BASE[code] + more
        if more < 0 or distance > filled or filled + length > len(out):
            return FAULT
        _repeat(out, filled, length, distance)
        filled += length


@compiled
def _repeat(out: UInt8, filled: int, length: int, distance: int) -> None:
    target = out[filled : filled + length]
    source = out[filled - distance : filled - distance + length]
    if distance == 1:
        value = source[0]
        for i in range(length):
            target[i] = value
    elif distance >= length:
        for i in range(length):
            target[i] = source[i]
    else:
        for i in range(length):
            out[filled + i] = out[filled + i - distance]
