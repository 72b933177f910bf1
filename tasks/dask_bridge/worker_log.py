"""What units log on their workers, line by line, in the thread that waits for them.

A line travels as an event of Dask's: worker, scheduler, client. The waiting thread logs it again,
so that whatever listens there (the console, Prefect's log of a task run) hears it as its own.
"""

import logging
import os
import queue
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from tasks.unit_run import UnitFailure, UnitRun, run_unit

logger = logging.getLogger("maskrnn.worker")

_MOST_LINES = 500
_MOST_CHARACTERS = 4000

_Line = tuple[int, str]
"""Level and text; level 0 says that the unit has started."""


def run_logged(
    topic: str, key: str, unit: Callable[..., Any], args: tuple[Any, ...], worker: str
) -> UnitRun | UnitFailure:
    """Run a unit and send what is logged meanwhile; called on the worker."""
    from distributed import get_worker

    send = get_worker().log_event
    handler = _Sender(lambda line: send(topic, (key, *line)))
    send(topic, (key, 0, f"on {worker}, process {os.getpid()}"))
    root = logging.getLogger()
    logging.getLogger("maskrnn").setLevel(logging.INFO)
    logging.captureWarnings(True)
    root.addHandler(handler)
    try:
        return run_unit(unit, args, worker)
    finally:
        root.removeHandler(handler)


class WorkerLog:
    """Lines of the units of one client, each for the thread that waits for that unit.

    Args:
        client: of Dask.
    """

    def __init__(self, client: Any) -> None:
        self.topic = f"maskrnn-log-{uuid.uuid4().hex}"
        self._lines: dict[str, queue.SimpleQueue[_Line]] = {}
        self._lock = threading.Lock()
        client.subscribe_topic(self.topic, self._receive)

    def open(self, key: str, name: str) -> "UnitLog":
        """The lines of the unit that is submitted under `key`, called `name` in the log."""
        lines: queue.SimpleQueue[_Line] = queue.SimpleQueue()
        with self._lock:
            self._lines[key] = lines
        return UnitLog(name, lines, lambda: self._close(key))

    def _close(self, key: str) -> None:
        with self._lock:
            self._lines.pop(key, None)

    def _receive(self, event: tuple[float, Any]) -> None:
        key, level, text = event[1]
        with self._lock:
            lines = self._lines.get(key)
        if lines is not None:
            lines.put((level, text))


class UnitLog:
    """Lines of one unit, logged again by whoever calls `drain`.

    Attributes:
        started: when the unit was seen to have started, by `time.monotonic`; None before.
    """

    def __init__(self, name: str, lines: "queue.SimpleQueue[_Line]", close: Callable[[], None]):
        self._name = name
        self._lines = lines
        self.close = close
        self.started: float | None = None

    def drain(self) -> None:
        """Log what has arrived since, under the context of the calling thread."""
        while True:
            try:
                level, text = self._lines.get_nowait()
            except queue.Empty:
                return
            if level == 0:
                self.started = time.monotonic()
            logger.log(level or logging.INFO, "%s: %s", self._name, text)


class _Sender(logging.Handler):
    """Our own lines from INFO, warnings and errors of all others; only so many."""

    def __init__(self, send: Callable[[_Line], None]) -> None:
        super().__init__(logging.INFO)
        self._send = send
        self._count = 0

    def filter(self, record: logging.LogRecord) -> bool:
        ours = record.name.startswith("maskrnn")
        return ours or record.levelno >= logging.WARNING

    def emit(self, record: logging.LogRecord) -> None:
        self._count += 1
        if self._count > _MOST_LINES:
            return
        text = self.format(record)[:_MOST_CHARACTERS]
        if self._count == _MOST_LINES:
            text = f"more than {_MOST_LINES} lines, the rest is left out"
        self._send((record.levelno, text))
