"""The lock of a local store: alone among its processes, for a few file operations at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.files.store_errors import store_error


@contextmanager
def guarded(folder: str) -> Iterator[None]:
    """Alone among the processes that hold the lock of a folder; it must not be nested."""
    import fcntl

    descriptor = _opened(folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _opened(url: str) -> int:
    try:
        return os.open(url, os.O_RDONLY)
    except FileNotFoundError:
        pass
    try:
        Path(url).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise store_error(url, "a lease", error) or error from error
    return os.open(url, os.O_RDONLY)
