"""Copies one remote file to the local disk, within limits of bytes and seconds."""

import errno
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.archive.public_hosts import private_fault
from storage.archive.shown_address import hide_secrets_in_logs, shown_address, without_secrets
from storage.archive.uris import HTTP, protocol_of
from storage.errors import DatasetError, StorageError, StoreAccessError
from storage.files.file_systems import file_system
from storage.files.retry_policy import is_transient
from storage.files.retrying import retried

_CHUNK = 1 << 20
_SILENCE = 60.0
"""A server that sends no byte for so many seconds counts as unavailable."""
_REDIRECTS = 10
_BUSY = frozenset({408, 429, 500, 502, 503, 504})
_FULL = {errno.ENOSPC, errno.EDQUOT}
_KEPT_FREE = 1 << 30
"""Bytes of the disk that stay free."""


class FetchError(DatasetError):
    """A video or mask that cannot be fetched; another attempt would not help."""


class UnavailableError(StorageError, ConnectionError):
    """A server that does not answer, or is busy; another attempt may help."""


@dataclass(frozen=True)
class FetchLimits:
    """Limits for fetching remote files.

    Args:
        bytes: of all files of a row together; never more than the disk has free.
        seconds: for each file.
        public_only: refuse http addresses, and redirections, to this machine or its own network.
    """

    bytes: int
    seconds: float
    public_only: bool = False


def fetch(uri: str, target: Path, limits: FetchLimits) -> int:
    """Copy a remote file to a local file, block by block.

    Args:
        uri: address: http, https or s3.
        target: file to write. It is removed if this raises an error.
        limits: limits for this file.

    Returns:
        The length of the file in bytes.

    Raises:
        FetchError: the file is missing, forbidden, too long or too slow, or has too many redirects.
        UnavailableError: the server does not answer, or breaks the connection.
    """
    hide_secrets_in_logs()
    told = shown_address(uri)
    most = min(limits.bytes, shutil.disk_usage(target.parent).free - _KEPT_FREE)
    opened = (
        _http(uri, told, limits.public_only) if protocol_of(uri) in HTTP else _object(uri, told)
    )
    deadline = time.monotonic() + limits.seconds
    length = 0
    try:
        with target.open("wb") as file, opened as blocks:
            for block in blocks():
                length += len(block)
                if length > most:
                    raise FetchError(_too_long(told, most, limits))
                if time.monotonic() > deadline:
                    raise FetchError(
                        f"{told} was not complete after {limits.seconds:.0f} s ({length} bytes); "
                        "allow more time with --fetch-seconds, or remove the row"
                    )
                file.write(block)
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in _FULL:  # others also fill the disk
            raise FetchError(_no_room(told, length)) from error
        raise
    if not length:
        target.unlink()
        raise FetchError(f"{told} is empty; replace the file, or remove the row")
    return length


def _too_long(told: str, most: int, limits: FetchLimits) -> str:
    if most < limits.bytes:
        return _no_room(told, max(most, 0))
    return (
        f"{told} is longer than {limits.bytes / 1e9:.1f} GB, or never ends; allow more with "
        "--fetch-gigabytes, or remove the row"
    )


def _no_room(told: str, room: int) -> str:
    return (
        f"{told} does not fit on the disk of the worker (it may fill {room / 1e9:.1f} GB); "
        "free some space, or set TMPDIR of the workers to a larger disk"
    )


_Blocks = Callable[[], Iterator[bytes]]


@contextmanager
def _http(uri: str, told: str, public_only: bool) -> Iterator[_Blocks]:
    import httpx

    def look(request: httpx.Request) -> None:
        """Called before every request, those after a redirection included."""
        fault = private_fault(request.url.host, request.url.port) if public_only else None
        if fault is not None:
            raise FetchError(
                f"{told} leads to {fault}; a manifest that was fetched may not name such places: "
                "correct it, or say --trust-manifest"
            )

    client = httpx.Client(
        timeout=_SILENCE,
        follow_redirects=True,
        max_redirects=_REDIRECTS,
        event_hooks={"request": [look]},
    )
    try:
        # We do not ask for compressed answers: a small one could unpack to any size.
        with client, client.stream("GET", uri, headers={"Accept-Encoding": "identity"}) as answer:
            if answer.status_code in _BUSY:
                raise UnavailableError(
                    f"{told}: the server answers {answer.status_code}; try again later"
                )
            if not answer.is_success:
                raise FetchError(
                    f"{told}: the server answers {answer.status_code} {answer.reason_phrase}; "
                    "correct the address, or the access rights"
                )
            yield answer.iter_raw  # small blocks, so that a slow server cannot exceed the limit
    except httpx.TooManyRedirects:
        raise FetchError(
            f"{told} has more than {_REDIRECTS} redirects; correct the address"
        ) from None
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        fault = without_secrets(str(error), uri)
        raise FetchError(f"{told} is not a valid address ({fault}); correct it") from None
    except httpx.TransportError as error:
        fault = f"{type(error).__name__}: {without_secrets(str(error), uri)}"
        raise UnavailableError(
            f"{told} cannot be fetched ({fault}); check the address and the network"
        ) from error


@contextmanager
def _object(uri: str, told: str) -> Iterator[_Blocks]:
    system, path = _asked(lambda: file_system(uri), told)
    file = _asked(
        lambda: system.open(path, "rb", cache_type="readahead", block_size=_CHUNK * 8), told
    )
    with closing(file):
        yield lambda: iter(lambda: _asked(lambda: file.read(_CHUNK), told), b"")


def _asked(request: Callable[[], Any], told: str) -> Any:
    """Send a request to an object store; its errors say whether another attempt may help."""
    try:
        return retried(request, told)
    except FileNotFoundError:
        raise FetchError(f"{told} is not there; correct the address") from None
    except StoreAccessError as error:
        if error.__cause__ is not None and is_transient(error.__cause__):
            raise UnavailableError(str(error)) from error
        raise FetchError(str(error)) from error
