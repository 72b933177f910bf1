"""Local files that are replaced atomically: a reader sees the old bytes or the new ones.

After a power loss, a file system may show a new name without its content. A file that must survive
one is written with `durable`: its content reaches the disk before its name, and its name before the
call returns.
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
"""Threads that sync files: for 90 frames, 16 at once took a sixth of the time of one thread."""

_NO_FOLDERS = {errno.EINVAL, errno.ENOTSUP, errno.EACCES}
"""Errors of file systems that cannot sync a folder; they keep its names by themselves."""

_BEGINNING = 30
"""Characters of a file's name in that of its temporary file, which file systems limit to 255 bytes;
a character has up to 4."""

_PROCESS, _count = uuid.uuid4().hex, itertools.count()
"""For names of temporary files: unique on all machines with one random number per process."""


@contextmanager
def replacing(path: str, temporary: str, *, durable: bool = True) -> Iterator[BinaryIO]:
    """Open a file to write into; it replaces `path` when the block ends.

    Args:
        path: of the file; missing folders are made.
        temporary: where the file is until then, on the same file system; removed if the block
            raises.
        durable: whether the file must survive a power loss.

    Raises:
        OSError: the file cannot be written; the former file, if any, stays.
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
    """Write a file through a temporary one in another folder; otherwise as `replacing`.

    Paths are strings and not `Path`, because this is called hundreds of times a second.
    """
    begin = path.rpartition("/")[2][:_BEGINNING]
    name = f"{begin}.{os.getpid()}-{_PROCESS}-{next(_count)}"
    with replacing(path, f"{temporary_folder}/{name}", durable=durable) as file:
        file.write(data)


def local_folder(url: str) -> Path | None:
    """The folder of this machine that a URL names; None for a remote place."""
    for scheme in ("file://", "local://"):
        if url.startswith(scheme):
            return Path(url.removeprefix(scheme)).absolute()
    remote = "://" in url or "::" in url
    return None if remote else Path(url).expanduser().absolute()


def sync_tree(folder: Path) -> None:
    """Make sure that a folder, with all files and folders below it, survives a power loss."""
    files, folders = list[str](), list[str]()
    for place, _, names in os.walk(folder):
        folders.append(place)
        files += [f"{place}/{name}" for name in names]
    with ThreadPoolExecutor(_THREADS) as pool:  # a file system writes several at once
        for sync, paths in ((_sync, files), (_sync_folder, folders)):
            for _ in pool.map(sync, paths):
                pass


def sync_name(path: str) -> None:
    """Make sure that the new name of a file or folder survives a power loss."""
    _sync_folder(path.rpartition("/")[0])


def make_folders(folder: Path) -> None:
    """Create a folder and its parents; the new names survive a power loss."""
    if folder.is_dir():
        return
    make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_name(str(folder))


def _with_parent(path: str, write: Callable[[], T]) -> T:
    """Call `write` and return its result; create the folder of `path` only if it is missing."""
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
