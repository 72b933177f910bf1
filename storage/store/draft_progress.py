"""The progress of a draft: a list of its finished files with their digests."""

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
    """Record that the files in `digests` (sha256 by path in the draft) are finished.

    After a power loss they may still be damaged, so `load_progress` compares them.
    """
    note = to_json({"plan": plan, "digests": digests})
    folder.write(f"{path}/{_PROGRESS}", note, durable=False)


def count_saved(folder: Folder, path: str, plan: object) -> int:
    """How many finished files of a draft exist; 0 if it has another plan.

    A writer that lost its lease may have recorded files that another writer has since taken over.
    """
    digests = _noted(folder, path, plan)
    return len(digests) - len(folder.missing(path, digests)) if digests else 0


def move_progress(folder: Folder, path: str, target: str) -> None:
    """Copy the finished files of a draft, then move its list, on an object store.

    The originals stay, because their writer may still publish them.
    """
    note = folder.read(f"{path}/{_PROGRESS}")
    for name in json.loads(note)["digests"]:
        with suppress(FileNotFoundError):  # `load_progress` then leaves it out
            folder.copy(f"{path}/{name}", f"{target}/{name}")
    folder.write(f"{target}/{_PROGRESS}", note)
    folder.remove_file(f"{path}/{_PROGRESS}")


def forget_progress(folder: Folder, path: str, temporary: Iterable[str]) -> None:
    """Remove from an artifact what was needed only to resume: the list and temporary files."""
    for name in (_PROGRESS, *temporary):
        folder.remove_file(f"{path}/{name}")


def load_progress(folder: Folder, path: str, plan: Mapping[str, Any]) -> dict[str, str]:
    """Digests of the finished files of a draft; removes everything else in its folder.

    All files are read and compared, because the machine may have failed together with the writer.
    If the draft has another plan, nothing of it is kept.
    """
    digests = _noted(folder, path, plan)
    for name in damaged_files(folder, path, digests):
        if name.endswith("zarr.json"):  # no array can be read without its metadata
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
    """Digests in the list of a draft, if the draft has this plan."""
    try:
        noted = json.loads(folder.read(f"{path}/{_PROGRESS}"))
        return dict(noted["digests"]) if noted["plan"] == plan else {}
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return {}


def damaged_files(folder: Folder, path: str, digests: Mapping[str, str]) -> list[str]:
    """Files below `path` that are missing, or whose sha256 differs."""
    return [name for name, digest in digests.items() if _digest(folder, f"{path}/{name}") != digest]


def _digest(folder: Folder, path: str) -> str:
    try:
        return sha256(folder.read(path)).hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return ""
