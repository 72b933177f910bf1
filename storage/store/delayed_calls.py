"""Delayed calls that can be cancelled; one thread serves a whole process."""

import os
import threading
import time
from collections.abc import Callable


class DelayedCalls:
    """Runs short calls one after the other; most calls are cancelled before their time."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._calls: dict[object, tuple[float, Callable[[], None]]] = {}
        self._next = 0.0
        self._thread: threading.Thread | None = None

    def set(self, seconds: float, call: Callable[[], None]) -> object:
        """Schedule `call` in so many seconds; returns a token for `cancel`."""
        token = object()
        due = time.monotonic() + seconds
        with self._changed:
            self._calls[token] = (due, call)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, daemon=True, name="delayed-calls")
                self._thread.start()
            elif due < self._next:
                self._changed.notify()
        return token

    def cancel(self, token: object) -> None:
        """Cancel a call; does nothing if it has run or is already cancelled."""
        with self._changed:
            self._calls.pop(token, None)

    def _run(self) -> None:
        while True:
            with self._changed:
                due, token = min(
                    ((due, token) for token, (due, _) in self._calls.items()),
                    key=lambda pair: pair[0],
                    default=(None, None),
                )
                now = time.monotonic()
                if due is None or due > now:
                    self._next = now + 3600.0 if due is None else due
                    self._changed.wait(self._next - now)
                    continue
                _, call = self._calls.pop(token)
            call()


DELAYED_CALLS = DelayedCalls()
"""The delayed calls of this process."""

if hasattr(os, "register_at_fork"):  # a child has no threads, so it starts without calls
    os.register_at_fork(after_in_child=DELAYED_CALLS.__init__)  # type: ignore[misc]
