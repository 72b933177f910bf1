"""Bytes under one URL: a local folder, or anything that fsspec reaches (s3://, memory://, ...)."""

import errno
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import fsspec
from fsspec.implementations.local import LocalFileSystem

from storage.errors import InvalidAddressError, StorageError, StoreAccessError, StoreFullError
from storage.local_files import replace_whole
from storage.retrying import retried

T = TypeVar("T")

STAGING = ".staging"
"""Folder of everything half-written; whatever is old in it may be removed."""

_FULL = {errno.ENOSPC, errno.EDQUOT}
_DENIED = {errno.EROFS, errno.EACCES, errno.EPERM}


def full_store_error(url: str, what: str, error: OSError) -> StoreFullError | None:
    """The error to raise instead of `error` if it means that no space is left, else None."""
    if error.errno not in _FULL:
        return None
    return StoreFullError(
        f"No space left in the store {url} while writing {what} ({error.strerror}). Nothing "
        "half-written stays. Free some space, or name another store, and run again: what is "
        "complete is reused."
    )


def store_error(url: str, what: str, error: BaseException) -> StorageError | None:
    """The error to raise instead of `error` if the store is full or not ours to write, else None.

    Args:
        url: of the store.
        what: was being written, for the message.
        error: while it was; of the operating system, and about a file of the store.
    """
    if not isinstance(error, OSError) or isinstance(error, StorageError):
        return None
    if error.errno not in _DENIED or not str(error.filename or "").startswith(url):
        return full_store_error(url, what, error)
    return StoreAccessError(
        f"Cannot write {what} in the store {url}: {error}. Check the rights of that place, or name "
        "another store."
    )


class Folder:
    """Whole-file access below a root URL; nothing is created before the first write.

    Paths are relative to the root, with forward slashes. A local write goes to a temporary file
    first and is renamed into place, so that a reader sees the old bytes or the new ones; object
    stores give the same guarantee by themselves.

    Args:
        url: a local path (absolute or relative, `~` allowed) or a URL known to fsspec. Credentials
            and endpoints come from fsspec's own configuration, never from here.

    Raises:
        InvalidAddressError: for an empty URL or an unknown protocol.
        StoreAccessError: when the driver of the protocol is not installed.
    """

    def __init__(self, url: str) -> None:
        if not url.strip():
            raise InvalidAddressError(
                "The store URL is empty. Give a folder, such as maskrnn-store, or a URL."
            )
        address = url if "://" in url or "::" in url else str(Path(url).expanduser())
        try:
            self._fs, root = fsspec.core.url_to_fs(address)
        except ValueError as error:
            raise InvalidAddressError(
                f"The store URL {url} cannot be used: {error}. Give a local folder, or a URL with "
                "a protocol that fsspec knows, such as s3://bucket/folder."
            ) from error
        except ImportError as error:
            raise StoreAccessError(
                f"The store URL {url} needs a driver that is not installed: {error}. For s3:// "
                "install the extra: pip install 'maskrnn[s3]'."
            ) from error
        self.is_local = isinstance(self._fs, LocalFileSystem)
        self._root = str(Path(root).absolute()) if self.is_local else str(root).rstrip("/")
        self.url = self._root if self.is_local else url.rstrip("/")

    def location(self, path: str) -> str:
        """Local path or URL of `path`, for messages and for other readers."""
        return f"{self.url}/{path}"

    def read(self, path: str) -> bytes:
        """Bytes of a file.

        Raises:
            FileNotFoundError: when there is none.
        """
        if self.is_local:
            return Path(self._full(path)).read_bytes()
        data: bytes = self._ask(path, lambda: self._fs.cat_file(self._full(path)))
        return data

    def write(self, path: str, data: bytes) -> None:
        """Create or replace a file, atomically.

        Raises:
            StoreFullError: when no space is left; the former file, if any, stays.
            StoreAccessError: when the place cannot be written.
        """
        try:
            if self.is_local:
                replace_whole(self._full(path), data, self._full(f"{STAGING}/files"))
            else:
                self._ask(path, lambda: self._write_object(path, data))
        except StoreAccessError:
            raise
        except OSError as error:
            if full := full_store_error(self.url, path, error):
                raise full from error
            raise StoreAccessError(
                f"Cannot write {self.location(path)}: {error}. Check the rights of that place, or "
                "name another store."
            ) from error

    def exists(self, path: str) -> bool:
        """Whether a file or folder is there now (no cached listing is asked)."""
        if self.is_local:
            return Path(self._full(path)).exists()
        return self._ask(path, lambda: self._is_there(self._full(path)))

    def names(self, path: str) -> list[str]:
        """Names of the direct children of a folder, sorted; none if there is no such folder."""
        if not self.is_local:
            self._fs.invalidate_cache()
        try:
            found = self._ask(path, lambda: self._fs.ls(self._full(path), detail=False))
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted({str(item).rstrip("/").rsplit("/", 1)[-1] for item in found})

    def remove(self, path: str) -> None:
        """Remove a file or a folder with all below it; not being there is fine.

        Raises:
            StoreAccessError: when the place cannot be written.
        """
        full = self._full(path)
        if self.is_local:
            try:
                if Path(full).is_dir():
                    shutil.rmtree(full, ignore_errors=True)
                else:
                    Path(full).unlink(missing_ok=True)
            except OSError as error:
                raise store_error(self.url, path, error) or error from error
            return
        self._ask(path, lambda: self._remove_object(full))

    def rename(self, path: str, target: str) -> None:
        """Rename a local folder; OSError if the target exists and is not an empty folder."""
        destination = Path(self._full(target))
        destination.parent.mkdir(parents=True, exist_ok=True)
        Path(self._full(path)).rename(destination)

    def idle_seconds(self, path: str) -> float:
        """Seconds since anything below `path` was last written."""
        full = self._full(path)
        try:
            files = self._fs.find(full, withdirs=self.is_local) or [full]
            newest = max(float(self._fs.modified(file).timestamp()) for file in files)
        except FileNotFoundError:  # its writer finished or gave up meanwhile
            return 0.0
        return time.time() - newest

    def files(self, path: str) -> dict[str, int]:
        """Size in bytes of every file below a folder, by its path relative to that folder."""
        full = self._full(path)
        if not self.is_local:
            self._fs.invalidate_cache()
        try:
            found = self._fs.find(full, detail=True)
        except FileNotFoundError:
            return {}
        root = full.lstrip("/") + "/"
        return {
            str(name).lstrip("/").removeprefix(root): int(item["size"])
            for name, item in sorted(found.items())
        }

    def zarr_store(self, path: str, *, read_only: bool) -> Any:
        """A Zarr store on the folder `path`."""
        from zarr.storage import FsspecStore, LocalStore

        if self.is_local:
            return LocalStore(self._full(path), read_only=read_only)
        from storage.zarr_checks import PatientStore

        url = self.location(path)
        return PatientStore(FsspecStore.from_url(url, read_only=read_only), url)

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def _ask(self, path: str, request: Callable[[], T]) -> T:
        """The answer to a request that may be repeated; a disk is not asked twice."""
        return request() if self.is_local else retried(request, self.location(path))

    def _is_there(self, full: str) -> bool:
        # `exists` of fsspec takes every error for an absence, an answer 503 too.
        self._fs.invalidate_cache()
        try:
            self._fs.info(full)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def _remove_object(self, full: str) -> None:
        if self._is_there(full):
            self._fs.rm(full, recursive=True)

    def _write_object(self, path: str, data: bytes) -> None:
        full = self._full(path)
        try:
            self._fs.pipe_file(full, data)
        except FileNotFoundError:  # a remote file system with real folders
            self._fs.makedirs(full.rsplit("/", 1)[0], exist_ok=True)
            self._fs.pipe_file(full, data)
