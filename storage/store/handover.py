"""Resumable drafts: one per lease, and how a writer takes over from the former one.

A writer that lost its lease may wake up at any time and continue to write. So nobody else ever
writes to its draft. The next holder renames it (on a local store) or copies it (on an object
store), and continues in its own draft.
"""

import re

from storage.files.folder import STAGING, Folder
from storage.store.draft_progress import count_saved, move_progress
from storage.store.lease import Lease
from storage.store.marker import MARKER, Marker

_RESUMABLE = re.compile(r"partial(-[0-9a-f]{32})?")
"""Earlier versions had a single resumable draft for all writers, without a token."""

_LOCAL = re.compile(rf"(?P<key>.+)\.{_RESUMABLE.pattern}")


def resumable_name(lease: Lease) -> str:
    """Name of the resumable draft of the holder of a lease."""
    return f"partial-{lease.token}"


def draft_path(folder: Folder, place: str, name: str) -> str:
    """Folder of a draft of the artifact at `place` ("kind/key"), relative to the store."""
    return f"{STAGING}/{place}.{name}" if folder.is_local else f"{place}/{name}"


def resumable_drafts(folder: Folder, place: str) -> list[str]:
    """Folders of all resumable drafts of the artifact at `place`."""
    if not folder.is_local:
        found = unnamed_drafts(folder, place)
        return [path for path in found if resumed_place(path) == place]
    kind = place.partition("/")[0]
    found = [f"{STAGING}/{kind}/{name}" for name in folder.names(f"{STAGING}/{kind}")]
    return [path for path in found if resumed_place(path) == place]


def resumed_place(path: str) -> str | None:
    """Place of the artifact whose resumable draft is at `path`; None for any other path."""
    if path.startswith(f"{STAGING}/"):
        match = _LOCAL.fullmatch(path.removeprefix(f"{STAGING}/"))
        return match["key"] if match else None
    place, _, name = path.rpartition("/")
    return place if _RESUMABLE.fullmatch(name) else None


def unnamed_drafts(folder: Folder, place: str) -> list[str]:
    """Content folders at `place` of an object store that its marker does not name."""
    children = [name for name in folder.names(place) if name != MARKER]
    data = folder.read_if_there(f"{place}/{MARKER}")
    named = None if data is None else Marker.from_bytes(data, folder.location(place)).data
    return [f"{place}/{name}" for name in children if name != named]


def take_over(folder: Folder, place: str, lease: Lease, plan: object) -> list[str]:
    """Move or copy the progress of former holders into the draft of this lease.

    Args:
        folder: the store.
        place: place of the artifact ("kind/key").
        lease: lease of this writer.
        plan: plan of this writer; drafts with another plan are not used.

    Returns:
        Drafts of former holders that still exist. Nobody needs them after this writer has
        published.

    Raises:
        LeaseLostError: this writer has lost the lease itself.
    """
    own = draft_path(folder, place, resumable_name(lease))
    with folder.guarded():
        lease.check()
        found = resumable_drafts(folder, place)
        former = [path for path in found if path != own]
        if own in found:
            return former
        saved = {path: count_saved(folder, path, plan) for path in former}
        best = max(former, key=lambda path: saved[path], default=own)
        if not saved.get(best):
            return former
        if folder.is_local:
            folder.rename(best, own)
            former.remove(best)
            return former
    move_progress(folder, best, own)
    return former
