"""Local files that are replaced at once: a reader sees the old bytes or the new ones, never half.

After a power loss a file system may show a new name and no content. What must survive one is
`durable`: its content reaches the disk before its name does, and its name before the call returns.
"""

import errno
import itertools
import os
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

T = TypeVar("T")

_THREADS = 16
"""That bring files to the disk: of 90 frames, 16 at once took a sixth of the time of one by one."""

_NO_FOLDERS = {errno.EINVAL, errno.ENOTSUP, errno.EACCES}
"""As file systems answer that cannot bring a folder to the disk; they keep its names themselves."""

_PROCESS, _count = uuid.uuid4().hex, itertools.count()
"""Names of temporary files: unique on every machine, without asking for chance each time."""


@contextmanager
def replacing(path: str, temporary: str, *, durable: bool = True) -> Iterator[BinaryIO]:
    """A file to write into, which takes the place of `path` when the block ends.

    Args:
        path: of the file; missing folders are made.
        temporary: where it is until then, on the same file system; gone when the block raises.
        durable: whether it must survive a power loss.

    Raises:
        OSError: it cannot be written; the former file, if any, stays.
    """
    try:
        with _with_parent(temporary, lambda: open(temporary, "wb")) as file:  # noqa: PTH123
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        _with_parent(path, lambda: os.replace(temporary, path))  # noqa: PTH105
        if durable:
            sync_name(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def replace_whole(path: str, data: bytes, temporary_folder: str, *, durable: bool = True) -> None:
    """Write a file, by way of a temporary one in another folder; otherwise as `replacing`.

    Called hundreds of times a second: hence strings and not `Path`.
    """
    name = f"{path.rpartition('/')[2]}.{os.getpid()}-{_PROCESS}-{next(_count)}"
    with replacing(path, f"{temporary_folder}/{name}", durable=durable) as file:
        file.write(data)


def sync_tree(folder: Path) -> None:
    """Have every file below a folder, and the folders themselves, survive a power loss."""
    files, folders = list[str](), list[str]()
    for place, _, names in os.walk(folder):
        folders.append(place)
        files += [f"{place}/{name}" for name in names]
    with ThreadPoolExecutor(_THREADS) as pool:  # a file system writes several at once
        for sync, paths in ((_sync, files), (_sync_folder, folders)):
            for _ in pool.map(sync, paths):
                pass


def sync_name(path: str) -> None:
    """Have the new name of a file or folder survive a power loss."""
    _sync_folder(path.rpartition("/")[0])


def make_folders(folder: Path) -> None:
    """Make a folder with those above it; new names survive a power loss."""
    if folder.is_dir():
        return
    make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_name(str(folder))


def _with_parent(path: str, write: Callable[[], T]) -> T:
    """What `write` returns; the folder of `path` is made only when it is missing."""
    try:
        return write()
    except FileNotFoundError:
        make_folders(Path(path).parent)
        return write()


def _sync_folder(path: str) -> None:
    try:
        _sync(path or ".")
    except OSError as error:
        if error.errno not in _NO_FOLDERS:
            raise


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
