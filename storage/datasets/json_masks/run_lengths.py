"""Masks as run lengths in the COCO format, written from its definition.

Pixels go down the columns, first column first. Runs alternate between background and object, and
start with background. Run lengths are a list of numbers or a text. In the text, each number is
split into groups of five bits, lowest first. A group is one character (48 is added). Bit 5 says
that more groups follow; bit 4 of the last group is the sign. From the fourth number on, the text
has the difference to the number two places before.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.datasets.source import UInt8Array

_MORE, _SIGN, _BITS = 0x20, 0x10, 5
_MOST_GROUPS = 13  # 64 bits


def decode_run_lengths(counts: str | Sequence[int], size: tuple[int, int]) -> UInt8Array:
    """Mask as uint8 (H, W), 1 for the object.

    Args:
        counts: run lengths as text or as numbers.
        size: height and width.

    Raises:
        ValueError: the counts are not run lengths of this size.
    """
    runs = _runs_of_text(counts) if isinstance(counts, str) else list(counts)
    if any(isinstance(run, bool) or not isinstance(run, int) or run < 0 for run in runs):
        raise ValueError("run lengths must be whole numbers of 0 or more")
    if sum(runs) != size[0] * size[1]:
        raise ValueError(f"run lengths add up to {sum(runs)}, not {size[0]} x {size[1]} pixels")
    labels = np.arange(len(runs), dtype=np.uint32) & 1
    flat = np.repeat(labels.astype(np.uint8), np.array(runs, np.int64))
    return np.ascontiguousarray(flat.reshape(size[1], size[0]).T)


def has_object(counts: str | Sequence[int]) -> bool:
    """Whether run lengths, as text or as numbers, hold a pixel of the object.

    Raises:
        ValueError: the text is not one of run lengths.
    """
    runs = _runs_of_text(counts) if isinstance(counts, str) else counts
    return any(runs[1::2])


def encode_run_lengths(mask: NDArray[Any]) -> str:
    """Run lengths of a mask as text; `decode_run_lengths` is the inverse.

    Args:
        mask: (H, W); all values except 0 are the object.
    """
    flat = np.asarray(mask != 0).T.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    edges = np.concatenate([[0], changes, [flat.size]])
    runs = np.diff(edges).tolist()
    if flat.size and flat[0]:
        runs.insert(0, 0)
    return "".join(
        _text_of(run - (runs[place - 2] if place > 2 else 0)) for place, run in enumerate(runs)
    )


def _text_of(value: int) -> str:
    """One number as text: groups of five bits, until only the sign remains."""
    text = ""
    while True:
        group = value & 0x1F
        value >>= _BITS
        if value == (-1 if group & _SIGN else 0):
            return text + chr(group + 48)
        text += chr((group | _MORE) + 48)


def _runs_of_text(text: str) -> list[int]:
    runs: list[int] = []
    value = groups = 0
    for character in text:
        code = ord(character) - 48
        if not 0 <= code < 64:
            raise ValueError(f"run lengths cannot have the character {character!r}")
        value |= (code & 0x1F) << (_BITS * groups)
        groups += 1
        if groups > _MOST_GROUPS:
            raise ValueError("run lengths have a number of more than 64 bits")
        if code & _MORE:
            continue
        if code & _SIGN:
            value -= 1 << (_BITS * groups)
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = groups = 0
    if groups:
        raise ValueError("run lengths end inside a number")
    return runs
