"""Retries: which errors are retried, how often, and after how long.

All numbers of retries are in `POLICY`. Code that retries reads it each time, so that a test can
replace it in one place.
"""

import asyncio
import errno
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class RetryPolicy:
    """Seconds before each further attempt; there is one more attempt than delays.

    Args:
        request: delays of one request to a remote store; its driver may retry, too. They vary by up
            to 30 %, so that many workers do not retry at the same moment.
        unit: delays of a unit of work, or a row of an archive, after a transient error.
        server: delays of a request to the Prefect server, long enough for a server to restart.
        deaths: attempts at a unit whose worker died; after two deaths the unit counts as the cause.
    """

    request: tuple[float, ...] = (0.3, 1.0, 3.0, 9.0)
    unit: tuple[float, ...] = (2.0, 15.0)
    server: tuple[float, ...] = (1.0, 3.0, 8.0, 20.0)
    deaths: int = 2


POLICY = RetryPolicy()

_TRANSIENT = {
    errno.EIO,
    getattr(errno, "EREMOTEIO", errno.EIO),  # Linux
    errno.EBUSY,
    errno.EAGAIN,
    errno.ETIMEDOUT,
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
    errno.ESTALE,
}
"""What s3fs reports for answers 500 and 503, and what a driver reports after a time-out."""

_STATUS = {429, 500, 502, 503, 504}

_CLASSES = {
    "botocore.exceptions.ConnectTimeoutError",
    "botocore.exceptions.ConnectionClosedError",
    "botocore.exceptions.EndpointConnectionError",
    "botocore.exceptions.HTTPClientError",
    "botocore.exceptions.ReadTimeoutError",
    "botocore.exceptions.ResponseStreamingError",
    "aiohttp.client_exceptions.ClientConnectionError",
    "aiohttp.client_exceptions.ClientPayloadError",
    "urllib3.exceptions.HTTPError",
}
"""Given by name, because these packages may not be installed; subclasses count, too."""


def is_transient(error: BaseException) -> bool:
    """Whether a retry may succeed: time-outs, answers such as 500 and 503, broken connections."""
    if isinstance(error, TimeoutError | asyncio.TimeoutError | ConnectionError):
        return True
    if isinstance(error, OSError) and error.errno in _TRANSIENT:
        return True
    names = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    return bool(names & _CLASSES) or _status(error) in _STATUS


def spread(delay: float) -> float:
    """A delay varied by up to 30 %, in seconds, so that workers do not retry together."""
    return delay * random.uniform(0.7, 1.3)


def repeated(
    call: Callable[[], T],
    delays: tuple[float, ...],
    is_worth: Callable[[Exception, int], bool],
    pause: Callable[[float], None] = time.sleep,
) -> T:
    """Call `call`, again after errors that are worth a retry, and return its result.

    Args:
        call: the function, which may be repeated without harm.
        delays: seconds before each further attempt.
        is_worth: whether to retry, given an error and the number of attempts so far.
        pause: waits for a delay.

    Raises:
        Exception: the last error of `call`.
    """
    for attempts, delay in enumerate(delays, 1):
        try:
            return call()
        except Exception as error:
            if not is_worth(error, attempts):
                raise
        pause(delay)
    return call()


def _status(error: BaseException) -> int | None:
    """HTTP status that an error of botocore or aiohttp carries."""
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict):
        response = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return response if isinstance(response, int) else None
    status = getattr(error, "status", None)
    return status if isinstance(status, int) else None
