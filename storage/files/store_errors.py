"""Which store error an error of the operating system means: full, or no right to write."""

import errno

from storage.errors import StorageError, StoreAccessError, StoreFullError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_DENIED = {errno.EROFS, errno.EACCES, errno.EPERM}


def full_store_error(url: str, what: str, error: OSError) -> StoreFullError | None:
    """The error to raise instead of `error` if no space is left, otherwise None."""
    if error.errno not in _FULL:
        return None
    return StoreFullError(
        f"No space left in the store {url} while writing {what} ({error.strerror}). Nothing "
        "half-written stays. Free some space, or name another store, and run again: what is "
        "complete is reused."
    )


def store_error(url: str, what: str, error: BaseException) -> StorageError | None:
    """The error to raise instead of `error` if the store is full or not writable, otherwise None.

    Args:
        url: of the store.
        what: what was being written, for the message.
        error: the error; only errors of the operating system about files of the store count.
    """
    if not isinstance(error, OSError) or isinstance(error, StorageError):
        return None
    if error.errno not in _DENIED or not str(error.filename or "").startswith(url):
        return full_store_error(url, what, error)
    return StoreAccessError(
        f"Cannot write {what} in the store {url}: {error}. Check the rights of that place, or name "
        "another store."
    )
