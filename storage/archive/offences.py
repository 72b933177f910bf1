"""Errors of a manifest, row by row, as one message."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.errors import DatasetError

_IN_FULL = 1000
"""Number of errors with a line each; further errors are listed as row numbers by cause."""


class ManifestError(DatasetError):
    """A manifest that cannot be used; the message names every bad row."""


@dataclass(frozen=True)
class Offence:
    """One error in one row.

    Args:
        row: number of the row; 1 is the first row below the header.
        column: name of the column.
        value: the value in this column.
        cause: why the value cannot be used, and what to do.
    """

    row: int
    column: str
    value: str
    cause: str

    def __str__(self) -> str:
        shown = self.value if len(self.value) <= 200 else f"{self.value[:200]}..."
        return f"row {self.row}, {self.column} {shown!r}: {self.cause}"


def describe_offences(place: str, rows: int, offences: Sequence[Offence]) -> str:
    """Describe all errors: the first ones in full, then row numbers by column and cause."""
    bad = len({offence.row for offence in offences})
    lines = [f"{place}: {bad} of {rows} rows cannot be used"]
    lines += [f"  {offence}" for offence in offences[:_IN_FULL]]
    further: dict[str, list[int]] = {}
    for offence in offences[_IN_FULL:]:
        further.setdefault(f"{offence.column}: {offence.cause}", []).append(offence.row)
    lines += [f"  rows {_ranges(numbers)}, {cause}" for cause, numbers in further.items()]
    return "\n".join(lines)


def _ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers as text, such as "3, 7-9"."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in spans)
