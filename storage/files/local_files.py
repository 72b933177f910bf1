"""Files of a local folder, replaced at once: a reader sees the old bytes or the new ones."""

import itertools
import os
import uuid
from collections.abc import Callable
from pathlib import Path

_PROCESS, _count = uuid.uuid4().hex, itertools.count()
"""Names of temporary files: unique on every machine, without asking for chance each time."""


def replace_whole(path: str, data: bytes, temporary_folder: str) -> None:
    """Write a file, by way of a temporary one of the same file system; makes missing folders.

    Called hundreds of times a second: hence strings and not `Path`.

    Raises:
        OSError: it cannot be written; the former file, if any, stays.
    """
    name = f"{path.rpartition('/')[2]}.{os.getpid()}-{_PROCESS}-{next(_count)}"
    temporary = f"{temporary_folder}/{name}"
    try:
        _with_parent(temporary, lambda: _write(temporary, data))
        _with_parent(path, lambda: os.replace(temporary, path))  # noqa: PTH105
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _with_parent(path: str, write: Callable[[], object]) -> None:
    """Call `write`, making the folder of `path` only when it is missing."""
    try:
        write()
    except FileNotFoundError:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write()


def _write(path: str, data: bytes) -> None:
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(data)
