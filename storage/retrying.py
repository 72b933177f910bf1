"""Remote stores that are slow or refuse for a moment: asked again a few times, then reported."""

import asyncio
import errno
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from storage.errors import StoreAccessError

T = TypeVar("T")

_DELAYS = (0.3, 1.0, 3.0, 9.0)
"""Seconds before each further attempt; the driver may have tried several times, too."""

_TRANSIENT = {errno.EIO, errno.EBUSY, errno.EAGAIN, errno.ETIMEDOUT}
"""As s3fs reports answers 500 and 503, and whoever gives up waiting."""


def is_transient(error: BaseException) -> bool:
    """Whether the same request may well succeed a little later: time-outs, 500, 503, cut lines."""
    if isinstance(error, TimeoutError | asyncio.TimeoutError | ConnectionError):
        return True
    return isinstance(error, OSError) and error.errno in _TRANSIENT


def retried(request: Callable[[], T], what: str) -> T:
    """What `request` returns, asked again while its errors are transient.

    Args:
        request: may be repeated without harm.
        what: URL, for the message.

    Raises:
        StoreAccessError: the store did not answer in the end. Other errors pass as they are.
    """
    for delay in _delays():
        try:
            return request()
        except Exception as error:
            if not is_transient(error):
                raise
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
                raise
        await asyncio.sleep(delay)
    try:
        return await request()
    except Exception as error:
        raise _final(what, error) from error


def _delays() -> Iterator[float]:
    """Spread, so that many workers do not come back at once."""
    return (delay * random.uniform(0.7, 1.3) for delay in _DELAYS)


def _final(what: str, error: Exception) -> Exception:
    if not is_transient(error):
        return error
    return StoreAccessError(
        f"{what} does not answer ({type(error).__name__}: {error}), asked {len(_DELAYS) + 1} times "
        f"in {sum(_DELAYS):.0f} seconds. Check the service and the network, and run again: what is "
        "complete is reused."
    )
