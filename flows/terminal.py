"""Prints to the terminal: text is shown as it is, whole, and without taking effect.

Names, keys, paths and cures are there to be copied. So no line is wrapped or cut here: a terminal
breaks long lines by itself and still copies them as one.
"""

import json
import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import IO

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.text import Text

from tasks.reporting.escaping import visible

_STYLES = {logging.WARNING: "yellow", logging.ERROR: "red", logging.CRITICAL: "red"}


class Terminal(Console):
    """A console that prints text whole and shows control characters instead of obeying them.

    Args:
        stderr: print to stderr instead of stdout.
        file: where to print instead; for tests.
        width: of the terminal in columns; None measures it.
        force_terminal: whether to treat the output as a terminal; None finds out.
    """

    def __init__(
        self,
        *,
        stderr: bool = False,
        file: IO[str] | None = None,
        width: int | None = None,
        force_terminal: bool | None = None,
    ) -> None:
        super().__init__(
            stderr=stderr,
            file=file,
            width=width,
            force_terminal=force_terminal,
            soft_wrap=True,
            markup=False,
            highlight=False,
            emoji=False,
        )

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


class Folded:
    """Wraps lines at the edge of the terminal, for a live display, which would cut them.

    Args:
        shown: what to show.
    """

    def __init__(self, *shown: RenderableType) -> None:
        self._shown = Group(*shown)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the segments of the wrapped lines."""
        yield from console.render(self._shown, options.update(no_wrap=False, overflow="fold"))


class PlainLines(logging.Formatter):
    """Formats lines of a log without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record, with its traceback."""
        return visible(super().format(record))


class TerminalLines(logging.Handler):
    """Writes a log to a terminal; warnings and errors have a colour."""

    def __init__(self) -> None:
        super().__init__()
        self._console = Terminal(stderr=True)

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record."""
        try:
            self._console.print(Text(self.format(record), _STYLES.get(record.levelno, "")))
        except Exception:
            self.handleError(record)
