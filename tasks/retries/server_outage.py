"""A Prefect server that does not answer for a moment: which errors tell so, and asking again."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

import httpx
from prefect.exceptions import CrashedRun, PrefectHTTPStatusError

from storage.files import retry_policy
from storage.files.retry_policy import repeated
from tasks.retries.transient import chain_of

logger = logging.getLogger("maskrnn.run")

R = TypeVar("R")

_ERRORS = (httpx.TransportError, CrashedRun, PrefectHTTPStatusError)


def is_of_the_server(error: BaseException) -> bool:
    """Whether it tells of a server that does not answer rather than of what was to be done."""
    return any(isinstance(link, _ERRORS) for link in chain_of(error))


def asked_again(request: Callable[[], R]) -> R:
    """What `request` returns, asked again for half a minute while the server does not answer.

    Raises:
        Exception: its last error, or one that is not of the server.
    """

    def pause(delay: float) -> None:
        logger.info("the Prefect server does not answer; asked again in %.0f s", delay)
        time.sleep(delay)

    delays = retry_policy.POLICY.server
    return repeated(request, delays, lambda error, _: is_of_the_server(error), pause)
