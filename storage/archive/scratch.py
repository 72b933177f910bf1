"""Temporary folders of workers, and removal of those that killed processes left."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from storage.files.processes import has_ended, this_process

_PREFIX = "maskrnn-fetch-"
_OWNER = "owner.json"


@contextmanager
def scratch(parent: Path | None = None) -> Iterator[Path]:
    """Create a temporary folder, and remove it when the block ends.

    Args:
        parent: folder to create it in. None: the system's temporary folder (TMPDIR).
    """
    parent = Path(tempfile.gettempdir()) if parent is None else parent
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    try:
        (folder / _OWNER).write_text(json.dumps(this_process()))
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep_scratch(parent: Path | None = None) -> list[Path]:
    """Remove the folders that killed processes of this machine left; return their paths."""
    parent = Path(tempfile.gettempdir()) if parent is None else parent
    removed = []
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            if not folder.is_symlink() and has_ended(json.loads((folder / _OWNER).read_text())):
                shutil.rmtree(folder, ignore_errors=True)
                removed.append(folder)
    return removed
