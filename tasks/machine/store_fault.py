"""Finds out, before anything is read, whether a local store is or can become a folder."""

import os
import tempfile
from pathlib import Path

from storage.files.local_files import local_folder


def store_fault(url: str) -> str:
    """Return why a local store cannot be written; empty if it can. Nothing is left behind.

    Stores at other addresses report their faults at the first request.
    """
    folder = local_folder(url)
    if folder is None:
        return ""
    found = _existing(folder)
    if not found.is_dir():
        below = "" if found == folder else f"would lie below {found}, which "
        return f"the store {folder} {below}is a file"
    if found == folder:
        is_open = os.access(folder, os.W_OK | os.X_OK)
        return "" if is_open else f"the store {folder} cannot be written: no permission"
    try:
        _create_within(found)
    except OSError as error:
        return f"the store {folder} cannot be created in {found}: {error.strerror}"
    return ""


def _existing(path: Path) -> Path:
    """The path, or the nearest place above it that exists or may not be looked at."""
    while not os.path.lexists(path) and path != path.parent:
        path = path.parent
    return path


def _create_within(folder: Path) -> None:
    """Create a folder and remove it: rights alone do not tell, as in /proc, or as root."""
    Path(tempfile.mkdtemp(prefix=".maskrnn-", dir=folder)).rmdir()
