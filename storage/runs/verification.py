"""Verification of a store: reads every marker, file and chunk and compares it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from storage.errors import StorageError
from storage.files.zarr_stores import ChangedMetadataError, MissingChunkError
from storage.kinds.video_writer import VIDEOS
from storage.store.artifact_content import ARRAYS
from storage.store.artifacts import ArtifactStore

if TYPE_CHECKING:
    import zarr

_SPARSE = ("labels", "annotations")
"""Arrays of a video that have no chunk for frames that are not annotated."""

_DAMAGE = (MissingChunkError, ChangedMetadataError, ValueError, RuntimeError, TypeError, KeyError)


@dataclass(frozen=True)
class Checked:
    """The result for one artifact.

    Args:
        kind: kind of the artifact.
        key: key of the artifact.
        faults: what is wrong with it, one line each; empty if it is sound.
    """

    kind: str
    key: str
    faults: tuple[str, ...]


def verify_store(store: ArtifactStore) -> Iterator[Checked]:
    """Read every complete artifact of a store, kind by kind; ignores unfinished ones.

    Raises:
        StoreAccessError: the store cannot be read.
    """
    for kind in store.kinds():
        for key in store.keys(kind):
            yield Checked(kind, key, tuple(_faults(store, kind, key)))


def _faults(store: ArtifactStore, kind: str, key: str) -> Iterator[str]:
    try:
        artifact = store.open(kind, key)
    except StorageError as error:
        yield str(error)
        return
    damaged = artifact.damage()
    yield from (f"{name} is missing or differs from what was written" for name in damaged)
    if any(name.startswith(f"{ARRAYS}/") for name in damaged):
        return  # no array can be read without its metadata
    if artifact.has_arrays:
        annotated = frozenset(artifact.metadata.get("annotated", ()))
        for name, array in artifact.group().arrays():
            sparse = kind == VIDEOS and name in _SPARSE
            yield from _array_faults(name, array, annotated if sparse else None)


def _array_faults(
    name: str, array: "zarr.Array[Any]", present: frozenset[int] | None
) -> Iterator[str]:
    """Chunks along the first axis that are missing or fail their checksum."""
    step = (array.shards or array.chunks)[0] if array.shape else 1
    for start in range(0, array.shape[0] if array.shape else 1, step):
        if present is not None and start not in present:
            continue
        try:
            array[start : start + step] if array.shape else array[...]
        except _DAMAGE:
            yield f"chunk {start // step} of {name} is missing or fails its checksum"
