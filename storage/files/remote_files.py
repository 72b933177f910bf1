"""Files behind a URL that fsspec knows, with bounded waiting and retries.

We avoid the request of S3's driver for the size of a file before each read.
"""

import errno
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from storage.errors import InvalidAddressError, StoreAccessError
from storage.files.conditional import Precondition
from storage.files.file_systems import S3, file_system
from storage.files.retrying import retried

T = TypeVar("T")

_ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
_PATTERNS = frozenset("*?[")


class RemoteFiles:
    """Whole-file access below a URL; paths are relative to it.

    Args:
        url: known to fsspec. Credentials and endpoints come from the driver's own configuration.

    Raises:
        InvalidAddressError: the protocol is unknown, or the URL looks like a pattern.
        StoreAccessError: the driver is not installed. Every method raises this error if the service
            does not answer or refuses.
    """

    def __init__(self, url: str) -> None:
        if _PATTERNS & set(url):
            raise InvalidAddressError(
                f"The store URL {url} contains one of the pattern characters * ? [. "
                "Name another folder."
            )
        self._url = url.rstrip("/")
        self._fs, root = file_system(url)
        self._root = root.rstrip("/")
        has_versions = url.partition("://")[0] in S3
        self._if = Precondition(self._fs, self._url, has_versions=has_versions)

    @property
    def is_conditional(self) -> bool:
        """Whether the service has honoured every precondition so far."""
        return self._if.holds

    def read(self, path: str) -> bytes:
        """Bytes of a file; FileNotFoundError if it does not exist."""
        data: bytes = self._ask(path, lambda: self._fs.cat_file(self._full(path)))
        return data

    def write(self, path: str, data: bytes) -> None:
        """Create or replace a file."""
        full = self._full(path)
        self._ask(path, lambda: self._put(full, lambda: self._fs.pipe_file(full, data)))

    def swap(self, path: str, former: bytes | None, new: bytes | None) -> bool:
        """Replace a file if it holds `former`; returns whether it did. None stands for no file."""
        full = self._full(path)
        if former is None:
            assert new is not None
            request = partial(self._put, full, partial(self._if.create, full, new))
        else:
            try:
                version = self._ask(path, lambda: self._if.version(full))
                found = self.read(path)
            except _ABSENT:
                return False
            if found != former:
                return False
            if new is None:
                request = partial(self._if.remove, full, version)
            else:
                request = partial(self._if.replace, full, new, version)
        try:
            done = self._ask(path, request)
        except _ABSENT:  # it was removed since the look
            return False
        return done or (new is not None and self._holds(path, new))

    def copy(self, path: str, target: str) -> None:
        """Copy a file; FileNotFoundError if it does not exist."""
        source, full = self._full(path), self._full(target)
        self._ask(path, lambda: self._put(full, lambda: self._fs.cp_file(source, full)))

    def has_file(self, path: str) -> bool:
        """Whether a file exists: one request, unless the file is empty."""
        try:
            self._ask(path, lambda: self._fs.cat_file(self._full(path), start=0, end=1))
        except _ABSENT:
            return False
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return self.exists(path)  # S3 cannot read the first byte of an empty file
        return True

    def exists(self, path: str) -> bool:
        """Whether a file or folder exists."""
        return self._ask(path, lambda: self._is_there(self._full(path)))

    def names(self, path: str) -> list[str]:
        """Names of the direct children of a folder."""
        self._fs.invalidate_cache()
        try:
            found = self._ask(path, lambda: self._fs.ls(self._full(path), detail=False))
        except _ABSENT:
            return []
        return [str(item).rstrip("/").rsplit("/", 1)[-1] for item in found]

    def sizes(self, path: str) -> dict[str, int]:
        """Bytes of every file below a folder, by its path relative to that folder."""
        root = self._full(path).lstrip("/") + "/"
        return {
            name.lstrip("/").removeprefix(root): int(item["size"])
            for name, item in self._found(path).items()
        }

    def modified(self, path: str) -> float:
        """When a file was last written; FileNotFoundError if it does not exist."""
        full = self._full(path)
        self._fs.invalidate_cache()
        return self._ask(path, lambda: self._modified(full, self._fs.info(full)))

    def idle_seconds(self, path: str) -> float:
        """Seconds since the last write of anything below `path`; 0 if nothing exists there."""
        found = self._found(path).items()
        try:
            times = self._ask(path, lambda: [self._modified(*item) for item in found])
        except FileNotFoundError:  # its writer has just finished or given up
            return 0.0
        return time.time() - max(times, default=time.time())

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all its content; a missing one is no error."""
        self._ask(path, lambda: self._remove(self._full(path)))

    def remove_file(self, path: str) -> None:
        """Remove a file with one request; a missing file is no error."""
        try:
            self._ask(path, lambda: self._fs.rm_file(self._full(path)))
        except _ABSENT:
            return

    def zarr_store(self, path: str, *, read_only: bool) -> Any:
        """A Zarr store on the folder `path`."""
        from fsspec.implementations.asyn_wrapper import AsyncFileSystemWrapper
        from zarr.storage import FsspecStore

        from storage.files.zarr_stores import PatientStore

        # Zarr's own session would live in another event loop, with one session per thread.
        files = AsyncFileSystemWrapper(self._fs, asynchronous=True)
        store = FsspecStore(files, read_only=read_only, path=self._full(path))
        return PatientStore(store, f"{self._url}/{path}")

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def _ask(self, path: str, request: Callable[[], T]) -> T:
        return retried(request, f"{self._url}/{path}")

    def _is_there(self, full: str) -> bool:
        # `exists` of fsspec returns False for every error, even for an answer 503.
        self._fs.invalidate_cache()
        try:
            self._fs.info(full)
        except _ABSENT:
            return False
        return True

    def _found(self, path: str) -> dict[str, dict[str, Any]]:
        self._fs.invalidate_cache()
        try:
            found = self._ask(path, lambda: self._fs.find(self._full(path), detail=True))
        except _ABSENT:
            return {}
        return {str(name): item for name, item in sorted(found.items())}

    def _modified(self, name: str, item: Mapping[str, Any]) -> float:
        told = item.get("LastModified")  # S3 lists it
        return float((told or self._fs.modified(name)).timestamp())

    def _remove(self, full: str) -> None:
        if self._is_there(full):
            self._fs.rm(full, recursive=True)

    def _holds(self, path: str, data: bytes) -> bool:
        """Whether a file holds `data`: our request may have succeeded without an answer."""
        try:
            return self.read(path) == data
        except _ABSENT:
            return False

    def _put(self, full: str, put: Callable[[], T]) -> T:
        """Call `put`; first create the folder of the file if the service has real folders."""
        try:
            return put()
        except FileNotFoundError as error:
            top = full.partition("/")[0]
            if top and not self._is_there(top):  # creating folders would create a bucket
                raise StoreAccessError(
                    f"There is no bucket {top} for the store {self._url}. Create it, or correct "
                    "the URL."
                ) from error
            self._fs.makedirs(full.rsplit("/", 1)[0], exist_ok=True)
            return put()
