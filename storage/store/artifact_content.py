"""The content of one artifact: named files and one Zarr hierarchy, written once, then read."""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from storage.errors import (
    CorruptArtifactError,
    InvalidAddressError,
    MissingArtifactError,
)
from storage.files.folder import Folder
from storage.store.draft_progress import damaged_files, load_progress, save_progress
from storage.store.marker import MARKER, Marker, to_json

if TYPE_CHECKING:
    import zarr

ARRAYS = "arrays.zarr"
"""Folder of the Zarr hierarchy in an artifact; any Zarr 3 reader can open it."""

CHUNK = "/c/"
"""Part of the path of every chunk of an array, and of no other file."""

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


class ArtifactWriter:
    """Writes the content of an artifact that is not yet visible; made by `ArtifactStore.create`.

    With a plan, `digests` starts with the files that a former writer with the same plan finished.
    `metadata` is a JSON object for the completion marker: keep it small. Files named in `temporary`
    are needed only to resume; they are removed when the artifact is complete.
    """

    def __init__(self, folder: Folder, path: str, plan: Mapping[str, Any] | None = None) -> None:
        self._folder = folder
        self._path = path
        self._plan = plan
        self._group: zarr.Group | None = None
        self.digests: dict[str, str] = {} if plan is None else load_progress(folder, path, plan)
        self.metadata: dict[str, Any] = {}
        self.temporary: set[str] = set()
        self.has_progress = bool(self.digests)

    def save_progress(self) -> None:
        """Save the progress: a later writer with the same plan continues from here."""
        if self._plan is not None:
            self.has_progress = True
            save_progress(self._folder, self._path, self._plan, self.digests)

    def put(self, name: str, data: bytes) -> None:
        """Store a file.

        Raises:
            InvalidAddressError: the name has other characters than letters, digits, . _ -
            StoreFullError: no space is left.
        """
        if not _FILE_NAME.fullmatch(name) or name in {MARKER, ARRAYS}:
            raise InvalidAddressError(
                f"{name!r} cannot name a file of an artifact: use letters, digits, dot, dash and "
                f"underscore, and neither {MARKER} nor {ARRAYS}."
            )
        # All files are made durable together when the artifact is published.
        self._folder.write(f"{self._path}/{name}", data, durable=False)
        self.digests[name] = sha256(data).hexdigest()

    def read_back(self, name: str) -> bytes:
        """Read a file that this writer, or a former one with the same plan, has written."""
        return self._folder.read(f"{self._path}/{name}")

    def drop(self, name: str) -> None:
        """Remove a file again; a missing file is no error."""
        self.digests.pop(name, None)
        self._folder.remove_file(f"{self._path}/{name}")

    def kept(self) -> dict[str, str]:
        """Digests of the files that become the artifact."""
        return {name: d for name, d in self.digests.items() if name not in self.temporary}

    def put_json(self, name: str, value: object) -> None:
        """Store a value as strict JSON (a NaN raises ValueError)."""
        self.put(name, to_json(value))

    def group(self) -> "zarr.Group":
        """Root group of the artifact's Zarr hierarchy, open for writing."""
        if self._group is None:
            import zarr

            from storage.files.zarr_stores import RecordingStore

            inner = self._folder.zarr_store(f"{self._path}/{ARRAYS}", read_only=False)
            resumed = f"{ARRAYS}/zarr.json" in self.digests
            store = RecordingStore(
                inner, self.digests, f"{ARRAYS}/", everything=self._plan is not None
            )
            self._group = zarr.open_group(
                store, mode="r+" if resumed else "w-", zarr_format=3, use_consolidated=False
            )
        return self._group


class ArtifactReader:
    """Reads a complete artifact; made by `ArtifactStore.open`."""

    def __init__(self, folder: Folder, path: str, marker: Marker) -> None:
        self._folder = folder
        self._path = f"{path}/{marker.data}" if marker.data else path
        self._marker = marker
        self._group: zarr.Group | None = None
        self.location = folder.location(path)

    @property
    def metadata(self) -> Mapping[str, Any]:
        """JSON object that the writer gave."""
        return self._marker.metadata

    @property
    def created(self) -> str:
        """UTC time at which the artifact was completed, ISO 8601."""
        return self._marker.created

    @property
    def digests(self) -> Mapping[str, str]:
        """Sha256 of every file by path; for some kinds also of every chunk."""
        return self._marker.digests

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(self._folder.files(self._path).values())

    def missing(self) -> list[str]:
        """Files that the marker names but that are missing; reads no file."""
        return self._folder.missing(self._path, self._marker.digests)

    def damage(self, *, chunks: bool = True) -> list[str]:
        """Files that are missing or have changed since they were written; reads all files.

        Args:
            chunks: whether to read chunks of arrays, too, if their digests were kept, as for flow
                and predictions.
        """
        digests = self._marker.digests
        if not chunks:
            digests = {name: d for name, d in digests.items() if CHUNK not in name}
        return damaged_files(self._folder, self._path, digests)

    @property
    def names(self) -> list[str]:
        """Names of the files, sorted, without the Zarr hierarchy."""
        return sorted(name for name in self._marker.digests if "/" not in name)

    def get(self, name: str) -> bytes:
        """Bytes of a file, after a comparison with the digest from when it was written.

        Raises:
            MissingArtifactError: the artifact was written without such a file.
            CorruptArtifactError: the file is missing or has changed.
        """
        expected = self._marker.digests.get(name)
        if expected is None:
            raise MissingArtifactError(
                f"{self.location} holds no file {name}; it holds {', '.join(self.names) or 'none'}."
            )
        try:
            data = self._folder.read(f"{self._path}/{name}")
        except FileNotFoundError as error:
            raise self.corrupt(f"file {name} is missing") from error
        if sha256(data).hexdigest() != expected:
            raise self.corrupt(f"file {name} differs from what was written ({len(data)} bytes)")
        return data

    def get_json(self, name: str) -> Any:
        """Value of a JSON file; errors as for `get`."""
        return json.loads(self.get(name))

    @property
    def has_arrays(self) -> bool:
        """Whether the artifact was written with a Zarr hierarchy."""
        return f"{ARRAYS}/zarr.json" in self._marker.digests

    def group(self) -> "zarr.Group":
        """Root group of the Zarr hierarchy, read-only; reading a missing chunk raises an error.

        Raises:
            MissingArtifactError: the artifact was written without arrays.
            CorruptArtifactError: the metadata is missing or has changed.
        """
        if self._group is None:
            import zarr

            from storage.files.zarr_stores import ChangedMetadataError, CheckedStore

            digests = dict(self._marker.digests)
            if not self.has_arrays:
                raise MissingArtifactError(f"{self.location} holds no arrays.")
            inner = self._folder.zarr_store(f"{self._path}/{ARRAYS}", read_only=True)
            store = CheckedStore(inner, digests, f"{ARRAYS}/")
            try:
                # Consolidated metadata may be older than the group itself.
                self._group = zarr.open_group(
                    store, mode="r", zarr_format=3, use_consolidated=False
                )
            except (ChangedMetadataError, FileNotFoundError) as error:
                raise self.corrupt("the metadata of its arrays is missing or changed") from error
        return self._group

    def array(self, name: str) -> "zarr.Array[Any]":
        """An array of the hierarchy; errors as for `group`."""
        import zarr

        from storage.files.zarr_stores import ChangedMetadataError

        try:
            found = self.group()[name]
        except (ChangedMetadataError, KeyError, ValueError) as error:
            raise self.corrupt(f"array {name} is missing, or its metadata changed") from error
        if not isinstance(found, zarr.Array):
            raise self.corrupt(f"{name} is not an array")
        return found

    def corrupt(self, why: str) -> CorruptArtifactError:
        """The error that says that this artifact is damaged, and what to do."""
        return CorruptArtifactError(
            f"{self.location}: {why}. The artifact is damaged: delete that folder "
            f"(ArtifactStore.remove({self._marker.kind!r}, {self._marker.key!r})) and run again; "
            "it will be recomputed."
        )
