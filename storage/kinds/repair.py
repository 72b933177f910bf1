"""Removal of damaged artifacts, so that they are computed again."""

from storage.errors import CorruptArtifactError, MissingArtifactError
from storage.kinds.stored_flow import FLOW
from storage.store.artifacts import ArtifactStore

_READ_WHOLE = {FLOW}
"""Kinds whose files are compared with their digests, because many runs share them."""


def repair(store: ArtifactStore, kind: str, key: str) -> str:
    """Remove a damaged artifact, unless another writer is removing or writing it.

    An artifact is damaged if its marker cannot be read, or if files that its marker names are
    missing. Files of optical flow are also read and compared with their digests: all files on a
    local store, all files except chunks on another store. Other changed bytes are found when they
    are read.

    Returns:
        What was wrong; empty if nothing was wrong or there is no such artifact.
    """
    if not (wrong := _damage(store, kind, key)):
        return ""
    lease = store.lease(kind, key, until=lambda: not store.exists(kind, key))
    if lease is not None:
        with lease:
            if _damage(store, kind, key):  # otherwise another run has repaired it
                store.remove(kind, key)
    return wrong


def _damage(store: ArtifactStore, kind: str, key: str) -> str:
    try:
        artifact = store.open(kind, key)
        wrong = artifact.missing()
        if not wrong and kind in _READ_WHOLE:
            wrong = artifact.damage(chunks=store.folder.is_local)
    except MissingArtifactError:
        return ""
    except CorruptArtifactError as error:
        return str(error)
    return f"{artifact.location}: {', '.join(wrong)} changed or missing" if wrong else ""
