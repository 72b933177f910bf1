"""What a killed writer had finished: a list of files with digests inside the draft."""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Any

from storage.files.folder import Folder
from storage.store.marker import to_json

_PROGRESS = "progress.json"


def save_progress(
    folder: Folder, path: str, plan: Mapping[str, Any], digests: Mapping[str, str]
) -> None:
    """Note that the files in `digests` (sha256 by path in the draft) are whole.

    After a power loss they may not be: whoever loads the note compares them.
    """
    note = to_json({"plan": plan, "digests": digests})
    folder.write(f"{path}/{_PROGRESS}", note, durable=False)


def count_saved(folder: Folder, path: str, plan: object) -> int:
    """How many files are there that a draft's note calls whole; 0 with another plan.

    A writer that lost its lease may have noted files that were taken over from it since.
    """
    digests = _noted(folder, path, plan)
    return len(digests) - len(folder.missing(path, digests)) if digests else 0


def move_progress(folder: Folder, path: str, target: str) -> None:
    """Copy the files that a draft's note calls whole, then move the note, on an object store.

    The files stay where they are: their writer may still be about to publish them.
    """
    note = folder.read(f"{path}/{_PROGRESS}")
    for name in json.loads(note)["digests"]:
        with suppress(FileNotFoundError):  # whoever loads the progress leaves it out
            folder.copy(f"{path}/{name}", f"{target}/{name}")
    folder.write(f"{target}/{_PROGRESS}", note)
    folder.remove_file(f"{path}/{_PROGRESS}")


def forget_progress(folder: Folder, path: str, temporary: Iterable[str]) -> None:
    """Take out of an artifact what served to resume: the note, and files of that kind."""
    for name in (_PROGRESS, *temporary):
        folder.remove_file(f"{path}/{name}")


def load_progress(folder: Folder, path: str, plan: Mapping[str, Any]) -> dict[str, str]:
    """Digests of the whole files of a draft; everything else in its folder is removed.

    Files are read and compared, for a machine may have gone down with the writer. Nothing is
    kept of a draft that was begun with another plan.
    """
    digests = _noted(folder, path, plan)
    for name in damaged_files(folder, path, digests):
        if name.endswith("zarr.json"):  # without its metadata no array means anything
            digests = {}
            break
        del digests[name]
    if not digests:
        folder.remove(path)
        return {}
    for name in folder.files(path):
        if name not in digests and name != _PROGRESS:
            folder.remove_file(f"{path}/{name}")
    return digests


def _noted(folder: Folder, path: str, plan: object) -> dict[str, str]:
    """Digests that a draft's note holds, if it was begun with this plan."""
    try:
        noted = json.loads(folder.read(f"{path}/{_PROGRESS}"))
        return dict(noted["digests"]) if noted["plan"] == plan else {}
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return {}


def damaged_files(folder: Folder, path: str, digests: Mapping[str, str]) -> list[str]:
    """Files below `path` that are missing, or whose sha256 is another one."""
    return [name for name, digest in digests.items() if _digest(folder, f"{path}/{name}") != digest]


def _digest(folder: Folder, path: str) -> str:
    try:
        return sha256(folder.read(path)).hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return ""
