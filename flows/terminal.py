"""Prints to the terminal without letting control characters in the text take effect."""

import json
import logging
from collections.abc import Iterable
from datetime import UTC, datetime

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


class JsonLines(logging.Formatter):
    """Formats each record as one line with a JSON object, for programs that collect logs."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record; `time` is UTC, `error` its traceback if it has one."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": time,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)


class PlainLines(logging.Formatter):
    """Formats lines of a log without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record, with its traceback."""
        return visible(super().format(record))
