"""Handles a Prefect server that does not answer: recognises it, retries, and gives it up.

A process that has not loaded Prefect is no part of a flow run. This module then does not load it.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from storage.files import retry_policy
from storage.files.retry_policy import repeated
from tasks.retries.transient import chain_of

logger = logging.getLogger("maskrnn.run")

R = TypeVar("R")

_lock = threading.Lock()
_given_up: set[UUID] = set()
"""Flow runs that no longer use their server, because it did not answer for too long."""


def is_in_flow_run() -> bool:
    """Whether this is part of a flow run."""
    return _flow_run() is not None


def shows_in_prefect() -> bool:
    """Whether this is part of a flow run whose server has answered so far."""
    run = _flow_run()
    return run is not None and run not in _given_up


def note_outage(error: BaseException) -> None:
    """Stop using the server in this flow run; warn once.

    Prefect's client has tried for about a minute by then. Every later stage would wait as long.
    """
    run = _flow_run()
    with _lock:
        first = run not in _given_up
        if run is not None:
            _given_up.add(run)
    if first:
        logger.warning(
            "the Prefect server does not answer (%s): the run continues without it, and its later "
            "stages do not appear there",
            type(error).__name__,
        )


def _flow_run() -> UUID | None:
    if "prefect" not in sys.modules:
        return None
    from prefect.context import FlowRunContext

    context = FlowRunContext.get()
    return None if context is None or context.flow_run is None else context.flow_run.id


def is_of_the_server(error: BaseException) -> bool:
    """Whether the cause is a server that does not answer, rather than the work itself."""
    if "prefect" not in sys.modules:
        return False
    import httpx
    from prefect.exceptions import CrashedRun, PrefectHTTPStatusError

    errors = (httpx.TransportError, CrashedRun, PrefectHTTPStatusError)
    return any(isinstance(link, errors) for link in chain_of(error))


def asked_again(request: Callable[[], R]) -> R:
    """Return what `request` returns; retry for half a minute while the server does not answer.

    Raises:
        Exception: its last error, or one that the server did not cause.
    """

    def pause(delay: float) -> None:
        logger.info("the Prefect server does not answer; trying again in %.0f s", delay)
        time.sleep(delay)

    delays = retry_policy.POLICY.server
    return repeated(request, delays, lambda error, _: is_of_the_server(error), pause)
