"""Removes drafts and leases that killed writers left behind."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext

from storage.files.folder import STAGING, Folder
from storage.store.handover import resumed_place, unnamed_drafts
from storage.store.lease import free_lease


def sweep_staging(
    folder: Folder, kinds: Sequence[str], older_than_seconds: float, *, dry_run: bool
) -> list[str]:
    """Remove abandoned drafts and leases, and return their paths relative to the store.

    Args:
        folder: the files of the store.
        kinds: kinds of artifacts whose folders are searched on an object store, where drafts lie
            beside the artifacts.
        older_than_seconds: younger drafts stay, because their writer may be alive.
        dry_run: only return what is old enough.
    """
    # Leases last: they show which drafts are still being written.
    paths = sorted(_candidates(folder, kinds), key=lambda path: path.endswith(".lease"))
    if dry_run:
        return [path for path in paths if folder.idle_seconds(path) >= older_than_seconds]
    return [path for path in paths if _sweep(folder, path, older_than_seconds)]


def _sweep(folder: Folder, path: str, age: float) -> bool:
    if folder.idle_seconds(path) < age:
        return False
    place = resumed_place(path)
    lease = nullcontext() if place is None else free_lease(folder, place)
    if lease is None:
        return False
    with lease:  # another writer may have used and left it since the first look
        if is_old := folder.idle_seconds(path) >= age:
            folder.remove(path)
    return is_old


def _candidates(folder: Folder, kinds: Sequence[str]) -> Iterator[str]:
    for kind in folder.names(STAGING):
        for name in folder.names(f"{STAGING}/{kind}"):
            yield f"{STAGING}/{kind}/{name}"
    if folder.is_local:
        return
    for kind in kinds:
        for key in folder.names(kind):
            yield from unnamed_drafts(folder, f"{kind}/{key}")
