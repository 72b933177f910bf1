"""Bytes under one URL: a local folder, or anything that fsspec reaches (s3://, memory://, ...)."""

import shutil
import time
import uuid
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from storage.errors import InvalidAddressError, StoreAccessError
from storage.files.guard import guarded
from storage.files.local_files import (
    local_folder,
    make_folders,
    replace_whole,
    sync_name,
    sync_tree,
)
from storage.files.remote_files import RemoteFiles
from storage.files.store_errors import full_store_error, store_error

STAGING = ".staging"
"""Folder of everything half-written; old entries in it may be removed."""


class Folder:
    """Whole-file access below a root URL; nothing is created before the first write.

    Paths are relative to the root, with forward slashes. A local write goes to a temporary file,
    which is then renamed into place. So a reader sees the old bytes or the new ones. Object stores
    guarantee the same by themselves.

    Args:
        url: a local path (absolute or relative, `~` allowed) or a URL known to fsspec. Credentials
            and endpoints come from fsspec's own configuration, never from here.

    Raises:
        InvalidAddressError: the URL is empty or its protocol is unknown.
        StoreAccessError: the driver of the protocol is not installed.
    """

    def __init__(self, url: str) -> None:
        if not url.strip():
            raise InvalidAddressError(
                "The store URL is empty. Give a folder, such as maskrnn-store, or a URL."
            )
        local = local_folder(url)
        self._remote = RemoteFiles(url) if local is None else None
        self.url = url.rstrip("/") if local is None else str(local)

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return self._remote is None

    def location(self, path: str) -> str:
        """Local path or URL of `path`, for messages and for other readers."""
        return f"{self.url}/{path}"

    def read(self, path: str) -> bytes:
        """Bytes of a file.

        Raises:
            FileNotFoundError: when there is none.
        """
        return self._path(path).read_bytes() if self._remote is None else self._remote.read(path)

    def write(self, path: str, data: bytes, *, durable: bool = True) -> None:
        """Create or replace a file, atomically.

        Args:
            path: of the file.
            data: bytes to write.
            durable: whether the file must survive a power loss once this has returned. On an object
                store every file does.

        Raises:
            StoreFullError: no space is left; the former file, if any, stays.
            StoreAccessError: when the place cannot be written.
        """
        try:
            if self._remote is None:
                temporary = f"{self.url}/{STAGING}/files"
                replace_whole(f"{self.url}/{path}", data, temporary, durable=durable)
            else:
                self._remote.write(path, data)
        except StoreAccessError:
            raise
        except OSError as error:
            if full := full_store_error(self.url, path, error):
                raise full from error
            raise StoreAccessError(
                f"Cannot write {self.location(path)}: {error}. Check the rights of that place, or "
                "name another store."
            ) from error

    def guarded(self) -> AbstractContextManager[None]:
        """Lock out other processes that change leases or drafts of a local store, for a moment.

        This does nothing on an object store. It must not be nested.
        """
        return guarded(self.url) if self._remote is None else nullcontext()

    def swap(self, path: str, former: bytes | None, new: bytes | None) -> bool:
        """Replace a small file in one step, unless it has changed; None stands for no file.

        Must not be called inside `guarded`.

        Returns:
            Whether the file held `former` and now holds `new`. If an object store refuses
            preconditions, two writers that call this at the same moment may both get True.
        """
        if self._remote is not None:
            return self._remote.swap(path, former, new)
        with self.guarded():
            if self.read_if_there(path) != former:
                return False
            if new is None:
                self.remove_file(path)
            else:
                self.write(path, new, durable=False)  # its owner dies with the machine, too
            return True

    def read_if_there(self, path: str) -> bytes | None:
        """Bytes of a file; None if it does not exist."""
        try:
            return self.read(path)
        except (FileNotFoundError, NotADirectoryError):
            return None

    @property
    def is_conditional(self) -> bool:
        """Whether only one writer succeeds if several `swap` one file at the same moment."""
        return self._remote is None or self._remote.is_conditional

    def exists(self, path: str) -> bool:
        """Whether a file or folder exists now; uses no cached listing."""
        return self._path(path).exists() if self._remote is None else self._remote.exists(path)

    def has_file(self, path: str) -> bool:
        """Whether a file exists now; the cheapest request to a remote store."""
        return self._path(path).is_file() if self._remote is None else self._remote.has_file(path)

    def names(self, path: str) -> list[str]:
        """Names of the direct children of a folder, sorted; empty if the folder does not exist."""
        if self._remote is not None:
            return sorted(set(self._remote.names(path)))
        try:
            return sorted(item.name for item in self._path(path).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all its content; a missing one is no error.

        Raises:
            StoreAccessError: when the place cannot be written.
        """
        if self._remote is not None:
            self._remote.remove(path)
        elif self._path(path).is_dir():
            # Renamed first, so that nobody finds half of the folder or writes new files into it.
            gone = f"{STAGING}/removed/{uuid.uuid4().hex}"
            try:
                self.rename(path, gone)
            except OSError:
                gone = path
            shutil.rmtree(self._path(gone), ignore_errors=True)
        else:
            self.remove_file(path)

    def remove_file(self, path: str) -> None:
        """Remove a file; a missing one is no error; raises the errors of `remove`."""
        if self._remote is not None:
            self._remote.remove_file(path)
            return
        try:
            self._path(path).unlink(missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as error:
            raise store_error(self.url, path, error) or error from error

    def rename(self, path: str, target: str) -> None:
        """Rename a local folder; OSError if the target exists and is not an empty folder."""
        destination = self._path(target)
        make_folders(destination.parent)
        self._path(path).rename(destination)

    def sync_name(self, path: str) -> None:
        """Make sure that the new name of a local folder survives a power loss."""
        sync_name(f"{self.url}/{path}")

    def sync(self, path: str) -> None:
        """Make sure that all files below a local folder survive a power loss."""
        sync_tree(self._path(path))

    def copy(self, path: str, target: str) -> None:
        """Copy a file within an object store; FileNotFoundError if it does not exist."""
        assert self._remote is not None  # a local folder is renamed
        self._remote.copy(path, target)

    def missing(self, path: str, names: Iterable[str]) -> list[str]:
        """Which of the names below a folder are not files; one request to an object store."""
        if self._remote is not None:
            found = self._remote.sizes(path)
            return [name for name in names if name not in found]
        return [name for name in names if not self._path(f"{path}/{name}").is_file()]

    def modified(self, path: str) -> float:
        """When a file was last written: seconds since 1970, by the clock of the store.

        Raises:
            FileNotFoundError: when there is none.
        """
        if self._remote is not None:
            return self._remote.modified(path)
        return self._path(path).stat().st_mtime

    def idle_seconds(self, path: str) -> float:
        """Seconds since the last write of anything below `path`; 0 if it is gone."""
        if self._remote is not None:
            return self._remote.idle_seconds(path)
        place = self._path(path)
        try:
            newest = max(item.stat().st_mtime for item in (place, *place.rglob("*")))
        except FileNotFoundError:  # its writer has just finished or given up
            return 0.0
        return time.time() - newest

    def files(self, path: str) -> dict[str, int]:
        """Size in bytes of every file below a folder, by its path relative to that folder."""
        if self._remote is not None:
            return self._remote.sizes(path)
        root = self._path(path)
        found = sorted(item for item in root.rglob("*") if item.is_file())
        return {item.relative_to(root).as_posix(): item.stat().st_size for item in found}

    def zarr_store(self, path: str, *, read_only: bool) -> Any:
        """A Zarr store on the folder `path`."""
        if self._remote is not None:
            return self._remote.zarr_store(path, read_only=read_only)
        from zarr.storage import LocalStore

        return LocalStore(self._path(path), read_only=read_only)

    def _path(self, path: str) -> Path:
        return Path(self.url, path)
