"""The terminal, on which nobody's text has an effect."""

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
        """Segments of what is printed; only those that rich itself makes may control."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


class PlainLines(logging.Formatter):
    """Lines of a log without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        """One record, with its traceback."""
        return visible(super().format(record))
