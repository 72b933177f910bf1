"""Checks files before they are opened: ordinary files, not too large, inside their root."""

import stat
from pathlib import Path

from storage.errors import DatasetError

_MOST_BYTES = 1 << 28


def file_fault(path: Path) -> str | None:
    """Why a file cannot be read completely, or None. Reading a pipe or a device could never end.

    Raises:
        OSError: the file does not exist, or its folder cannot be read.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        return "is not a file"
    if found.st_size == 0:
        return "is empty (0 bytes)"
    if found.st_size > _MOST_BYTES:
        return f"is larger than {_MOST_BYTES >> 20} MiB"
    return None


def check_inside(path: Path, root: Path) -> None:
    """Check that a path with resolved links is in a folder, or is that folder.

    Raises:
        DatasetError: the path is a link out of the folder, or to itself.
    """
    try:
        inside = path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError) as error:  # a circle of links
        raise DatasetError(
            f"{path} is a link that cannot be resolved ({error}). Replace it by a file."
        ) from error
    if not inside:
        raise DatasetError(f"{path} is a link out of {root}. Replace it by the file itself.")
