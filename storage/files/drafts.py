"""Drafts: written beside their target and then renamed to it; leftovers of killed writers."""

import shutil
import uuid
from contextlib import suppress
from glob import escape
from pathlib import Path

from storage.files.processes import process_token, token_has_ended


def new_draft(target: Path) -> Path:
    """A free path beside `target` for content that will be renamed to it; creates nothing.

    Removes drafts of the same target whose writer has ended, for example because it was killed.
    """
    prefix = f".{target.name}."
    for left in target.parent.glob(f"{escape(prefix)}*"):
        token, _, rest = left.name.removeprefix(prefix).partition(".")
        if rest and token_has_ended(token):
            _remove(left)
    return target.with_name(f"{prefix}{process_token()}.{uuid.uuid4().hex}")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
