"""Sends the log lines of units and their outcome from the workers to the waiting threads.

A line travels as a Dask event: worker, scheduler, client. The waiting thread logs it again, so that
its handlers (the console, Prefect's log of a task run) treat it as a line of that thread. The
outcome is the last event; as a Dask result it would take two more round trips.
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
    """Run a unit on the worker; send its log lines as they come, then the outcome."""
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
    """Pack an outcome as Dask sends it, so that one that cannot be sent fails only its unit."""
    from distributed.protocol.serialize import Serialized, serialize

    pack: Any = Serialized
    try:
        return outcome, pack(*serialize(outcome, on_error="raise"))
    except TypeError as error:
        failure = UnitFailure("TypeError", f"what the unit returned cannot be sent: {error}", "")
        return failure, pack(*serialize(failure))


class WorkerLog:
    """Distributes the log lines of a client's units to the threads that wait for these units.

    Args:
        client: the Dask client.
    """

    def __init__(self, client: Any) -> None:
        self.topic = f"maskrnn-log-{uuid.uuid4().hex}"
        self._lines: dict[str, queue.SimpleQueue[_Event]] = {}
        self._lock = threading.Lock()
        client.subscribe_topic(self.topic, self._receive)

    def open(self, key: str, name: str) -> "UnitLog":
        """Return the lines of the unit submitted under `key`; the log calls it `name`."""
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
    """Lines of one unit, logged again by the thread that waits for it.

    Attributes:
        started: when the unit was seen to have started, by `time.monotonic`; None before.
        outcome: the outcome of the unit; None before its end.
    """

    def __init__(self, name: str, lines: "queue.SimpleQueue[_Event]", close: Callable[[], None]):
        self._name = name
        self._lines = lines
        self.close = close
        self.started: float | None = None
        self.outcome: Outcome | None = None

    def wait(self, seconds: float) -> Outcome | None:
        """Log arriving lines, in the context of the calling thread, until the unit has ended.

        Args:
            seconds: most seconds to wait; 0 takes only the lines that have arrived.
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
    """Sends our own lines from INFO and others from WARNING, up to a maximum number."""

    def __init__(self, send: Callable[[tuple[int, str]], None]) -> None:
        super().__init__(logging.INFO)
        self._send = send
        self._count = 0

    def filter(self, record: logging.LogRecord) -> bool:
        ours = record.name.startswith("maskrnn")
        return ours or record.levelno >= logging.WARNING

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)[:_MOST_CHARACTERS]
        if record.levelno == PROGRESS:  # these arrive at a bounded rate
            self._send((record.levelno, text))
            return
        self._count += 1
        if self._count > _MOST_LINES:
            return
        if self._count == _MOST_LINES:
            text = f"more than {_MOST_LINES} lines, the rest is left out"
        self._send((record.levelno, text))
