"""Opens the drivers of fsspec, with bounded waiting and without retries.

A process has one session per store, which all its threads use. The retries of S3's driver are off,
because together with ours they would take hours.
"""

import os
from functools import lru_cache
from typing import Any

from storage.errors import InvalidAddressError, StoreAccessError

S3 = ("s3", "s3a")
"""Protocols of S3."""

_S3_WAITING = {"connect_timeout": 10, "read_timeout": 30, "retries": {"total_max_attempts": 1}}
"""Options for botocore that the user's configuration of fsspec does not set."""


def file_system(url: str) -> tuple[Any, str]:
    """The driver for a URL, and the path in it.

    Raises:
        InvalidAddressError: for an unknown protocol.
        StoreAccessError: when the driver is not installed.
    """
    protocol, _, path = url.partition("://")
    if protocol not in S3:
        return _opened(url, os.getpid())
    files, _ = _opened(f"{protocol}://{path.partition('/')[0]}", os.getpid())
    return files, str(files._strip_protocol(url))


@lru_cache(maxsize=16)
def _opened(url: str, pid: int) -> tuple[Any, str]:
    """Open a driver once per process (`pid`), because a fork must not share sockets."""
    import fsspec  # here, because a local store needs no driver

    protocol = url.partition("://")[0]
    try:
        files, root = fsspec.core.url_to_fs(url, **_options(protocol))
    except ValueError as error:
        raise InvalidAddressError(
            f"The store URL {url} cannot be used: {error}. Give a local folder, or a URL with a "
            "protocol that fsspec knows, such as s3://bucket/folder."
        ) from error
    except ImportError as error:
        raise StoreAccessError(
            f"The store URL {url} needs a driver that is not installed: {error}. For s3:// "
            "install the extra: pip install 'maskrnn[s3]'."
        ) from error
    if protocol in S3:
        files.retries = 1
    return files, str(root)


def _options(protocol: str) -> dict[str, Any]:
    if protocol not in S3:
        return {}
    import fsspec

    chosen = fsspec.config.conf.get(protocol, {})
    options = {"max_concurrency": 1, "use_listings_cache": False, **chosen}
    waiting = {**_S3_WAITING, **chosen.get("config_kwargs", {})}
    return {**options, "config_kwargs": waiting, "skip_instance_cache": True}
