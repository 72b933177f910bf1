"""Log lines of a training's process, logged again by the process that started it."""

import json
import logging
import sys
from typing import IO

logger = logging.getLogger("maskrnn.training")


class _LineWriter(logging.Handler):
    """Writes a JSON line with level and text to standard output for each of our records."""

    def emit(self, record: logging.LogRecord) -> None:
        print(json.dumps([record.levelno, self.format(record)]), flush=True)


def write_lines() -> None:
    """Write what this process logs to standard output, for `log_again`."""
    ours = logging.getLogger("maskrnn")
    ours.setLevel(logging.INFO)
    ours.addHandler(_LineWriter())


def log_again(output: IO[bytes]) -> None:
    """Log the lines of another process until it ends, and close its output.

    What else it prints goes to standard error.
    """
    with output:
        for line in output:
            try:
                level, text = json.loads(line)
                logger.log(level, "%s", text)
            except (ValueError, TypeError):
                sys.stderr.write(line.decode(errors="replace"))
