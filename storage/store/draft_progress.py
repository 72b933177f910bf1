"""What a killed writer had finished: a list of files with digests inside the draft."""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from storage.files.folder import Folder
from storage.store.marker import to_json

_PROGRESS = "progress.json"


def save_progress(
    folder: Folder, path: str, plan: Mapping[str, Any], digests: Mapping[str, str]
) -> None:
    """Note that the files in `digests` (sha256 by path in the draft) are whole."""
    folder.write(f"{path}/{_PROGRESS}", to_json({"plan": plan, "digests": digests}))


def forget_progress(folder: Folder, path: str, temporary: Iterable[str]) -> None:
    """Take out of an artifact what served to resume: the note, and files of that kind."""
    for name in (_PROGRESS, *temporary):
        folder.remove_file(f"{path}/{name}")


def load_progress(folder: Folder, path: str, plan: Mapping[str, Any]) -> dict[str, str]:
    """Digests of the whole files of a draft; everything else in its folder is removed.

    Files are read and compared, for a machine may have gone down with the writer. Nothing is
    kept of a draft that was begun with another plan.
    """
    try:
        noted = json.loads(folder.read(f"{path}/{_PROGRESS}"))
        digests = dict(noted["digests"]) if noted["plan"] == dict(plan) else {}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        digests = {}
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


def damaged_files(folder: Folder, path: str, digests: Mapping[str, str]) -> list[str]:
    """Files below `path` that are missing, or whose sha256 is another one."""
    return [name for name, digest in digests.items() if _digest(folder, f"{path}/{name}") != digest]


def _digest(folder: Folder, path: str) -> str:
    try:
        return sha256(folder.read(path)).hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return ""
