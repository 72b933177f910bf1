"""What units log on their workers, line by line, and what they come to, in the waiting thread.

A line travels as an event of Dask's: worker, scheduler, client. The waiting thread logs it again,
so that whatever listens there (the console, Prefect's log of a task run) hears it as its own. The
outcome is the last event: fetched as a Dask result, it would take two more round trips.
"""

import logging
import os
import queue
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tasks.dask_bridge.unit_run import Outcome, UnitFailure, run_unit
from tasks.progress_lines import PROGRESS

logger = logging.getLogger("maskrnn.worker")

_MOST_LINES = 500
_MOST_CHARACTERS = 4000

_STARTED, _ENDED = 0, -1

_Event = tuple[int, Any]
"""Level and text of a line; `_STARTED` and text; `_ENDED` and outcome."""


def run_logged(
    topic: str, key: str, unit: Callable[..., Any], args: tuple[Any, ...], worker: str
) -> Outcome:
    """Run a unit, send what is logged meanwhile, then the outcome; called on the worker."""
    from distributed import get_worker

    send = get_worker().log_event
    handler = _Sender(lambda line: send(topic, (key, *line)))
    send(topic, (key, _STARTED, f"on {worker}, process {os.getpid()}"))
    root = logging.getLogger()
    logging.getLogger("maskrnn").setLevel(logging.INFO)
    logging.captureWarnings(True)
    root.addHandler(handler)
    try:
        outcome = run_unit(unit, args, worker)
    finally:
        root.removeHandler(handler)
    outcome, packed = _packed(outcome)
    send(topic, (key, _ENDED, packed))
    return outcome


def _packed(outcome: Outcome) -> tuple[Outcome, Any]:
    """As Dask sends it. What cannot be sent is a failure here, and not of the connection."""
    from distributed.protocol.serialize import Serialized, serialize

    pack: Any = Serialized
    try:
        return outcome, pack(*serialize(outcome, on_error="raise"))
    except TypeError as error:
        failure = UnitFailure("TypeError", f"what the unit returned cannot be sent: {error}", "")
        return failure, pack(*serialize(failure))


class WorkerLog:
    """Lines of the units of one client, each for the thread that waits for that unit.

    Args:
        client: of Dask.
    """

    def __init__(self, client: Any) -> None:
        self.topic = f"maskrnn-log-{uuid.uuid4().hex}"
        self._lines: dict[str, queue.SimpleQueue[_Event]] = {}
        self._lock = threading.Lock()
        client.subscribe_topic(self.topic, self._receive)

    def open(self, key: str, name: str) -> "UnitLog":
        """The lines of the unit that is submitted under `key`, called `name` in the log."""
        lines: queue.SimpleQueue[_Event] = queue.SimpleQueue()
        with self._lock:
            self._lines[key] = lines
        return UnitLog(name, lines, lambda: self._close(key))

    def _close(self, key: str) -> None:
        with self._lock:
            self._lines.pop(key, None)

    def _receive(self, event: tuple[float, Any]) -> None:
        key, kind, content = event[1]
        with self._lock:
            lines = self._lines.get(key)
        if lines is not None:
            lines.put((kind, content))


class UnitLog:
    """Lines of one unit, logged again by whoever waits for it.

    Attributes:
        started: when the unit was seen to have started, by `time.monotonic`; None before.
        outcome: what it came to; None before its end.
    """

    def __init__(self, name: str, lines: "queue.SimpleQueue[_Event]", close: Callable[[], None]):
        self._name = name
        self._lines = lines
        self.close = close
        self.started: float | None = None
        self.outcome: Outcome | None = None

    def wait(self, seconds: float) -> Outcome | None:
        """Log what arrives, under the context of the calling thread, until the unit has ended.

        Args:
            seconds: to wait at most; 0 to take what is there.
        """
        deadline = time.monotonic() + seconds
        with suppress(queue.Empty):
            while self.outcome is None:
                self._take(*self._lines.get(timeout=max(0.0, deadline - time.monotonic())))
        return self.outcome

    def _take(self, kind: int, content: Any) -> None:
        if kind == _ENDED:
            self.outcome = content
            return
        if kind == _STARTED:
            self.started = time.monotonic()
        logger.log(kind or logging.INFO, "%s: %s", self._name, content)


class _Sender(logging.Handler):
    """Our own lines from INFO, warnings and errors of all others; only so many."""

    def __init__(self, send: Callable[[tuple[int, str]], None]) -> None:
        super().__init__(logging.INFO)
        self._send = send
        self._count = 0

    def filter(self, record: logging.LogRecord) -> bool:
        ours = record.name.startswith("maskrnn")
        return ours or record.levelno >= logging.WARNING

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)[:_MOST_CHARACTERS]
        if record.levelno == PROGRESS:  # comes at a bounded rate
            self._send((record.levelno, text))
            return
        self._count += 1
        if self._count > _MOST_LINES:
            return
        if self._count == _MOST_LINES:
            text = f"more than {_MOST_LINES} lines, the rest is left out"
        self._send((record.levelno, text))
