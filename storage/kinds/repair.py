"""Removal of artifacts that look complete and are not, so that they are computed again."""

from storage.errors import CorruptArtifactError, MissingArtifactError
from storage.kinds.stored_flow import FLOW
from storage.store.artifacts import ArtifactStore

_READ_WHOLE = {FLOW}
"""Kinds whose files are compared with their digests: runs share them for a long time."""


def repair(store: ArtifactStore, kind: str, key: str) -> str:
    """Remove an artifact that is damaged, unless another writer does that or makes it meanwhile.

    A damaged artifact has a marker that cannot be read, or lacks files that its marker names.
    Files of optical flow are read, too, and compared with their digests: all of them on a local
    store, all but the chunks on another one. Other changed bytes are found by whoever reads them.

    Returns:
        What was wrong; empty when nothing was, or when there is no such artifact.
    """
    if not (wrong := _damage(store, kind, key)):
        return ""
    lease = store.lease(kind, key, until=lambda: not store.exists(kind, key))
    if lease is not None:
        with lease:
            if _damage(store, kind, key):  # else another run has repaired it meanwhile
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
