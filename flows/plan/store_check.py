"""Refuses, before anything is read, a local store that is no folder or cannot become one."""

import os
import tempfile
from pathlib import Path

from storage.files.local_files import local_folder
from tasks.errors import ParameterError

_CURE = "name a folder with --store or MASKRNN_STORE"


def check_store(url: str) -> None:
    """Refuse a local store that cannot be written; nothing is left behind.

    Stores at other addresses report their faults at the first request.

    Raises:
        ParameterError: says what is in the way, and how to name another store.
    """
    folder = local_folder(url)
    if folder is None:
        return
    found = _existing(folder)
    if not found.is_dir():
        below = "" if found == folder else f"would lie below {found}, which "
        raise ParameterError(f"the store {folder} {below}is a file; {_CURE}")
    try:
        if found != folder:
            _create_within(found)
        elif not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(None, "no permission to write")
    except OSError as error:
        verb = "written" if found == folder else f"created in {found}"
        raise ParameterError(
            f"the store {folder} cannot be {verb} ({error.strerror}); {_CURE}"
        ) from None


def _existing(path: Path) -> Path:
    """The path, or the nearest place above it that exists or may not be looked at."""
    while not os.path.lexists(path) and path != path.parent:
        path = path.parent
    return path


def _create_within(folder: Path) -> None:
    """Create a folder and remove it: rights alone do not tell, as in /proc, or as root."""
    Path(tempfile.mkdtemp(prefix=".maskrnn-", dir=folder)).rmdir()
