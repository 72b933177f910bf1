"""Local files that appear whole or not at all, and their folders."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from storage.errors import StorageError, StoreAccessError
from storage.files.drafts import new_draft
from storage.files.local_files import replacing
from storage.files.store_errors import full_store_error


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write into; in place when the block ends, instead of an earlier one.

    Args:
        path: of the file; its folder must be there.

    Raises:
        StoreFullError: when no space is left; nothing half-written stays.
        StoreAccessError: when the file cannot be written.
    """
    try:
        with replacing(str(path), str(new_draft(path))) as file:
            yield file
    except StorageError:
        raise  # of what was to be written, some of them OSErrors
    except OSError as error:
        if full := full_store_error(str(path.parent), path.name, error):
            raise full from error
        raise StoreAccessError(f"Cannot write {path}: {error}. Check the rights.") from error


def make_folder(folder: Path) -> None:
    """Make a folder, with those above it; being there is fine.

    Raises:
        StoreAccessError: when it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreAccessError(f"Cannot make {folder}: {error}. Check the rights.") from error
