"""Ends a command soon after Ctrl-C or SIGTERM, whatever it is doing at that moment."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from flows.begun_run import interruption

_GRACE_SECONDS = 8.0
_NUMBERS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def leaving_soon_on_interrupt() -> Iterator[None]:
    """Within the block, let Ctrl-C or SIGTERM raise KeyboardInterrupt and end the process within
    seconds; a second Ctrl-C ends it at once.

    A library that is being loaded may swallow the exception, and Prefect tries for minutes to send
    its last events to a server that has stopped. Complete artifacts are kept in any case.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = {number: signal.signal(number, _interrupt) for number in _NUMBERS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def print_interrupted() -> None:
    """Say that the command, or which run, was interrupted; loads nothing, as any module may be half
    loaded."""
    sys.stdout.flush()
    print(f"maskrnn: {interruption()}", file=sys.stderr, flush=True)


def _interrupt(number: int, frame: object) -> NoReturn:
    signal.signal(signal.SIGINT, lambda *_: _leave())
    timer = threading.Timer(_GRACE_SECONDS, _leave)
    timer.daemon = True
    timer.start()
    raise KeyboardInterrupt


def _leave() -> None:
    print_interrupted()
    os._exit(1)
