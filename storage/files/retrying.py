"""Requests to remote stores: retried after transient errors, then reported."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from storage.errors import StoreAccessError
from storage.files import retry_policy
from storage.files.retry_policy import is_transient, repeated, spread

T = TypeVar("T")

_DRIVERS = ("aiobotocore", "aiohttp", "botocore", "s3fs", "urllib3")


def retried(request: Callable[[], T], what: str) -> T:
    """Call `request`, again after transient errors, and return its result.

    Args:
        request: the request, which may be repeated without harm.
        what: URL for the message.

    Raises:
        StoreAccessError: the store did not answer at any attempt, or refuses. Other errors, such as
            a missing file, are raised unchanged.
    """

    def pause(delay: float) -> None:
        time.sleep(spread(delay))

    try:
        return repeated(
            request, retry_policy.POLICY.request, lambda error, _: is_transient(error), pause
        )
    except Exception as error:
        raise _final(what, error) from error


async def retried_async(request: Callable[[], Awaitable[T]], what: str) -> T:
    """As `retried`, for a coroutine."""
    for delay in retry_policy.POLICY.request:
        try:
            return await request()
        except Exception as error:
            if not is_transient(error):
                raise _final(what, error) from error
        await asyncio.sleep(spread(delay))
    try:
        return await request()
    except Exception as error:
        raise _final(what, error) from error


def _final(what: str, error: Exception) -> Exception:
    cause = f"{type(error).__name__}: {error}"
    if is_transient(error):
        delays = retry_policy.POLICY.request
        return StoreAccessError(
            f"{what} does not answer ({cause}), asked {len(delays) + 1} times in "
            f"{sum(delays):.0f} seconds. Check the service and the network, and run again: what "
            "is complete is reused."
        )
    if isinstance(error, PermissionError) or type(error).__module__.startswith(_DRIVERS):
        return StoreAccessError(
            f"{what} cannot be used ({cause}). Check the rights of that place, the credentials and "
            "the endpoint (docs/clusters.md#a-store-on-s3)."
        )
    return error
