"""The lock of a local store, held by one process at a time for a few file operations."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.files.store_errors import store_error


@contextmanager
def guarded(folder: str) -> Iterator[None]:
    """Hold the lock of a folder for the block; must not be nested."""
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
