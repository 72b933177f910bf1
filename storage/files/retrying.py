"""Remote stores that are slow or refuse for a moment: asked again a few times, then reported."""

import asyncio
import errno
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

from storage.errors import StoreAccessError

T = TypeVar("T")

_DELAYS = (0.3, 1.0, 3.0, 9.0)
"""Seconds before each further attempt; the driver may have tried several times, too."""

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
"""As s3fs reports answers 500 and 503, and whoever gives up waiting."""

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
"""By name, because these packages need not be installed; subclasses count too."""

_DRIVERS = ("aiobotocore", "aiohttp", "botocore", "s3fs", "urllib3")


def is_transient(error: BaseException) -> bool:
    """Whether the same request may well succeed a little later: time-outs, 500, 503, cut lines."""
    if isinstance(error, TimeoutError | asyncio.TimeoutError | ConnectionError):
        return True
    if isinstance(error, OSError) and error.errno in _TRANSIENT:
        return True
    names = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    return bool(names & _CLASSES) or _status(error) in _STATUS


def _status(error: BaseException) -> int | None:
    """HTTP status that an error of botocore or aiohttp carries."""
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict):
        response = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return response if isinstance(response, int) else None
    status = getattr(error, "status", None)
    return status if isinstance(status, int) else None


def retried(request: Callable[[], T], what: str) -> T:
    """What `request` returns, asked again while its errors are transient.

    Args:
        request: may be repeated without harm.
        what: URL, for the message.

    Raises:
        StoreAccessError: the store did not answer in the end, or refuses. Other errors, such as
            that of a missing file, pass as they are.
    """
    for delay in _delays():
        try:
            return request()
        except Exception as error:
            if not is_transient(error):
                raise _final(what, error) from error
        time.sleep(delay)
    try:
        return request()
    except Exception as error:
        raise _final(what, error) from error


async def retried_async(request: Callable[[], Awaitable[T]], what: str) -> T:
    """As `retried`, for a coroutine."""
    for delay in _delays():
        try:
            return await request()
        except Exception as error:
            if not is_transient(error):
                raise _final(what, error) from error
        await asyncio.sleep(delay)
    try:
        return await request()
    except Exception as error:
        raise _final(what, error) from error


def _delays() -> Iterator[float]:
    """Spread, so that many workers do not come back at once."""
    return (delay * random.uniform(0.7, 1.3) for delay in _DELAYS)


def _final(what: str, error: Exception) -> Exception:
    cause = f"{type(error).__name__}: {error}"
    if is_transient(error):
        return StoreAccessError(
            f"{what} does not answer ({cause}), asked {len(_DELAYS) + 1} times in "
            f"{sum(_DELAYS):.0f} seconds. Check the service and the network, and run again: what "
            "is complete is reused."
        )
    if isinstance(error, PermissionError) or type(error).__module__.startswith(_DRIVERS):
        return StoreAccessError(
            f"{what} cannot be used ({cause}). Check the rights of that place, the credentials and "
            "the endpoint (docs/clusters.md#a-store-on-s3)."
        )
    return error
