"""What is wrong with a manifest, row by row, as one message."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.errors import DatasetError

_IN_FULL = 1000
"""Offenders told line by line; of further ones the row numbers, by cause."""


class ManifestError(DatasetError):
    """A manifest that cannot be used; the message names every offender."""


@dataclass(frozen=True)
class Offence:
    """What is wrong in one row.

    Args:
        row: number of the row, 1 for the first below the header.
        column: in which column.
        value: found there.
        cause: why it cannot be used, and the cure.
    """

    row: int
    column: str
    value: str
    cause: str

    def __str__(self) -> str:
        shown = self.value if len(self.value) <= 200 else f"{self.value[:200]}..."
        return f"row {self.row}, {self.column} {shown!r}: {self.cause}"


def describe_offences(place: str, rows: int, offences: Sequence[Offence]) -> str:
    """All offenders: the first ones in full, then numbers of rows by column and cause."""
    bad = len({offence.row for offence in offences})
    lines = [f"{place}: {bad} of {rows} rows cannot be used"]
    lines += [f"  {offence}" for offence in offences[:_IN_FULL]]
    further: dict[str, list[int]] = {}
    for offence in offences[_IN_FULL:]:
        further.setdefault(f"{offence.column}: {offence.cause}", []).append(offence.row)
    lines += [f"  rows {_ranges(numbers)}, {cause}" for cause, numbers in further.items()]
    return "\n".join(lines)


def _ranges(numbers: Sequence[int]) -> str:
    """Such as "3, 7-9", of ascending numbers."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in spans)
