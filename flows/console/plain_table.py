"""Lays out a table as plain lines in which no word is broken or cut."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

Cell = str | Text

_GAP = "  "
_NARROWEST_TEXT = 24
"""Columns of the terminal that a text needs to stand beside the other cells of its row."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Args:
        name: heading; its lines stand above each other.
        is_number: align at the right.
    """

    name: str
    is_number: bool = False


class PlainTable:
    """A table of aligned lines, one per row.

    If the output is no terminal, every row is one line. On a terminal, the text at the end of a row
    is wrapped beside the other cells, or stands below them if it has words that are too long. If
    the other cells do not fit beside each other, a table of figures goes on below with its next
    columns; in other tables every cell gets a line.

    Args:
        columns: the columns.
        rows: the cells of each row.
        title: a line above the table.
        has_text: whether the last column holds sentences, such as errors.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        rows: Sequence[Sequence[Cell]],
        title: str = "",
        *,
        has_text: bool = False,
    ) -> None:
        self._title = title
        self._columns = columns
        self._rows = [[_one_line(cell) for cell in row] for row in rows]
        self._aligned = len(columns) - has_text
        self._widths = [
            max(
                *(cell_len(line) for line in column.name.split("\n")),
                *(row[place].cell_len for row in self._rows),
                0,
            )
            for place, column in enumerate(columns[: self._aligned])
        ]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines."""
        if self._title:
            yield Text(self._title, "italic")
        start = sum(self._widths) + len(_GAP) * self._aligned
        if console.is_terminal and start - len(_GAP) > options.max_width:
            parts = self._parts(options.max_width)
            yield from parts if len(parts) > 1 else self._cells_below_each_other()
            return
        room = options.max_width - start if console.is_terminal else None
        yield from self._heading()
        for row in self._rows:
            yield from self._row(row, start, room, console)

    def _parts(self, room: int) -> "list[PlainTable]":
        """Return tables with some of the columns each, if all columns but the first are figures."""
        if not all(column.is_number for column in self._columns[1:]):
            return []
        groups: list[list[int]] = []
        used = room
        for place, width in enumerate(self._widths[1:], 1):
            used += len(_GAP) + width
            if used > room:
                groups.append([])
                used = self._widths[0] + len(_GAP) + width
            groups[-1].append(place)
        return [
            PlainTable(
                [self._columns[place] for place in (0, *group)],
                [[row[place] for place in (0, *group)] for row in self._rows],
            )
            for group in groups
        ]

    def _heading(self) -> Iterator[Text]:
        lines = [column.name.split("\n") for column in self._columns]
        below = [reversed(name) for name in lines]  # the last lines of all names share a line
        for names in reversed(list(zip_longest(*below, fillvalue=""))):
            yield self._line([Text(name, "bold") for name in names])

    def _row(
        self, row: Sequence[Text], start: int, room: int | None, console: Console
    ) -> Iterator[Text]:
        text = row[self._aligned] if self._aligned < len(row) else Text()
        if room is None or text.cell_len <= max(room, 0):
            yield self._line(row)
            return
        longest = max((cell_len(word) for word in text.plain.split()), default=0)
        if longest > room or room < _NARROWEST_TEXT:
            yield self._line(row[: self._aligned])
            indent = len(row[0].plain) - len(row[0].plain.lstrip()) + 2 * len(_GAP)
            yield Text.assemble(" " * indent, text)
            return
        first, *more = text.wrap(console, room)
        yield self._line([*row[: self._aligned], first])
        for line in more:
            yield Text.assemble(" " * start, line)

    def _line(self, cells: Sequence[Text]) -> Text:
        line = Text()
        for place, cell in enumerate(cells):
            width = self._widths[place] if place < self._aligned else 0
            blank = " " * (width - cell.cell_len)
            line.append(_GAP if place else "")
            right = self._columns[place].is_number
            line = Text.assemble(line, blank if right else "", cell, "" if right else blank)
        line.rstrip()
        return line

    def _cells_below_each_other(self) -> Iterator[Text]:
        for row in self._rows:
            yield row[0]
            indent = len(row[0].plain) - len(row[0].plain.lstrip()) + 2 * len(_GAP)
            for column, cell in zip(self._columns[1:], row[1:], strict=True):
                if cell.plain:
                    name = column.name.replace("\n", " ")
                    yield Text.assemble(" " * indent, f"{name}: ", cell)


def _one_line(cell: Cell) -> Text:
    text = cell.copy() if isinstance(cell, Text) else Text(cell)
    text.plain = text.plain.replace("\n", " ")
    return text
