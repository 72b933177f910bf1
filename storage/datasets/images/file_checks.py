"""Files of a dataset before they are opened: ordinary, not too large, and where they belong."""

import stat
from pathlib import Path

from storage.errors import DatasetError

_MOST_BYTES = 1 << 28


def file_fault(path: Path) -> str | None:
    """Why a file cannot be read whole, or None; whoever opens a pipe or a device waits for ever.

    Raises:
        OSError: when there is none, or its folder cannot be read.
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
    """Make sure that a path, links resolved, is in a folder, or is that folder.

    Raises:
        DatasetError: when it is a link out of it, or to itself.
    """
    try:
        inside = path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError) as error:  # a circle of links
        raise DatasetError(f"{path} cannot be resolved ({error}). Put a file there.") from error
    if not inside:
        raise DatasetError(f"{path} is a link out of {root}. Put the file itself there.")
