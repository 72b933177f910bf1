"""Shows a page of Markdown on a terminal, and as it is elsewhere."""

import re
from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Markdown, MarkdownElement, TableElement
from rich.text import Text

from flows.console.plain_table import Column, PlainTable


class MarkdownPage:
    """A page, formatted on a terminal; a file or another program gets the Markdown itself.

    Args:
        text: the page.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the formatted page, or its lines."""
        if not console.is_terminal:
            yield Text(self._text.rstrip("\n"))
            return
        # A paragraph is wrapped at its blanks.
        wrapped = options.update(no_wrap=False, overflow="fold")
        yield from console.render(_Formatted(self._text), wrapped)


class _WholeTable(TableElement):
    """A table that does not cut its cells."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines of the table."""
        if self.header is None or self.header.row is None or self.body is None:
            return
        columns = [
            Column(
                "\n".join(re.split(r"[ _]+", head.content.plain)), head.content.justify == "right"
            )
            for head in self.header.row.cells
        ]
        rows = [[cell.content for cell in row.cells] for row in self.body.rows]
        yield PlainTable(columns, rows)


class _Formatted(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "table_open": _WholeTable,
    }
