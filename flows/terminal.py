"""Prints to the terminal without letting control characters in the text take effect."""

import logging
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from tasks.reporting.escaping import visible


class Terminal(Console):
    """A console that shows control characters in names and errors instead of obeying them."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Return the segments to print; only those of rich itself may contain control codes."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


class PlainLines(logging.Formatter):
    """Formats lines of a log without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record, with its traceback."""
        return visible(super().format(record))
