"""Which errors pass by themselves, and so which units are worth a second attempt.

What `storage.retrying` asks again at once, seen wherever it stands in the chain of causes, and what
network drivers raise without it. A bad video is bad the second time too.
"""

import errno
from collections.abc import Iterator
from typing import Any

from storage import retrying

DELAYS = (2.0, 15.0)
"""Seconds before the second and the third attempt."""

_CLASSES = {
    "botocore.exceptions.ConnectTimeoutError",
    "botocore.exceptions.ConnectionClosedError",
    "botocore.exceptions.EndpointConnectionError",
    "botocore.exceptions.HTTPClientError",
    "botocore.exceptions.ReadTimeoutError",
    "aiohttp.client_exceptions.ClientConnectionError",
    "aiohttp.client_exceptions.ClientPayloadError",
    "urllib3.exceptions.HTTPError",
}
"""By name, because these packages need not be installed; subclasses count too."""

_STATUS = {429, 500, 502, 503, 504}

_ERRNO = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ESTALE}


def is_transient(error: BaseException) -> bool:
    """Whether the error, or one that led to it, is of a connection, a time-out or a busy server."""
    return any(_passes(link) for link in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


def _passes(error: BaseException) -> bool:
    if retrying.is_transient(error) or (isinstance(error, OSError) and error.errno in _ERRNO):
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
