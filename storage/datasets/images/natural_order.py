"""Natural order of names: frame2 before frame10."""

import re
from collections.abc import Iterable
from pathlib import Path

_DIGITS = re.compile(r"(\d+)")


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Key for sorting: numbers in a name compare as numbers, before text."""
    return [
        (0, int(part), part) if part.isdecimal() else (1, 0, part)
        for part in _DIGITS.split(name)
        if part
    ]


def in_natural_order(paths: Iterable[Path]) -> list[Path]:
    """Sort paths by their names, in natural order."""
    return sorted(paths, key=lambda path: natural_key(path.name))
