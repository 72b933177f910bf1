"""The artifact store: immutable results, each addressed by kind and key."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from storage.errors import (
    CorruptArtifactError,
    MissingArtifactError,
    StoreFullError,
)
from storage.files.folder import STAGING, Folder
from storage.files.store_errors import store_error
from storage.store.addresses import artifact_place, check_kind, is_key, is_kind
from storage.store.artifact_content import ArtifactReader, ArtifactWriter
from storage.store.draft_progress import forget_progress
from storage.store.handover import resumable_drafts, resumed_place
from storage.store.lease import (
    Lease,
    await_release,
    held_lease,
    is_leased,
    lease_owner,
    take_lease,
)
from storage.store.lease_file import LEASE_SECONDS, LeaseOwner
from storage.store.marker import MARKER, Marker
from storage.store.publishing import begin_draft
from storage.store.sweeping import sweep_staging


class ArtifactStore:
    """Complete artifacts below one URL; nothing is created before the first write.

    An artifact exists when its completion marker exists. It is written in a place that nobody
    reads, the marker last, and then becomes visible at once. In a local folder it is renamed into
    place; on an object store the marker names its content. If two writers write the same key, both
    succeed and one result stays.

    Args:
        url: local folder or any URL that fsspec knows (s3://bucket/folder, memory://name).

    Raises:
        InvalidAddressError: the URL is empty or unknown.
        StoreAccessError: the driver of the URL's protocol is not installed.
    """

    def __init__(self, url: str) -> None:
        self._folder = Folder(url)
        self.url = self._folder.url

    def __repr__(self) -> str:
        return f"ArtifactStore({self.url!r})"

    def __reduce__(self) -> tuple[type["ArtifactStore"], tuple[str]]:
        return ArtifactStore, (self.url,)

    @property
    def folder(self) -> Folder:
        """The files below the store's URL (for the run ledger, whose records change)."""
        return self._folder

    def exists(self, kind: str, key: str) -> bool:
        """Whether the artifact is complete; one look at its marker."""
        return self._folder.has_file(f"{artifact_place(kind, key)}/{MARKER}")

    def location(self, kind: str, key: str) -> str:
        """Path or URL of an artifact, existing or not."""
        return self._folder.location(artifact_place(kind, key))

    @contextmanager
    def create(
        self, kind: str, key: str, plan: Mapping[str, Any] | None = None
    ) -> Iterator[ArtifactWriter]:
        """Write an artifact: complete when the block ends, removed when the block raises.

        If another writer of the same key was faster, its artifact stays and this one is dropped. A
        writer that has lost its lease of the key to another writer changes nothing.

        Args:
            kind: kind of the artifact.
            key: key of the artifact.
            plan: JSON object that describes the layout. With a plan, this call first waits for the
                lease unless this thread holds it. What the block wrote before
                `ArtifactWriter.save_progress` stays if it raises or is killed, and the next writer
                with the same plan continues from there.

        Raises:
            LeaseLostError: this writer was stopped for too long, and another one took over.
            IncompleteArtifactError: files of the artifact vanished while it was written.
            StoreFullError: no space is left.
            StoreAccessError: the store cannot be written.
        """
        place = artifact_place(kind, key)
        with self._leased(place, wanted=plan is not None) as lease:
            draft = begin_draft(self._folder, place, lease, plan)
            writer = ArtifactWriter(self._folder, draft.path, plan)
            try:
                yield writer
                draft.publish(Marker(kind, key, draft.data, writer.kept(), dict(writer.metadata)))
                if plan is not None:
                    content = f"{place}/{draft.data}".rstrip("/")
                    forget_progress(self._folder, content, writer.temporary)
            except BaseException as error:
                told = store_error(self.url, f"{kind} {key}", error)
                with suppress(OSError):  # report the first error, not this one
                    if not writer.has_progress or isinstance(told or error, StoreFullError):
                        draft.discard()
                    if isinstance(error, Exception) and lease is not None and told is None:
                        told = lease.loss()  # another writer may have moved its draft
                if told is not None and told is not error:
                    raise told from error
                raise

    @contextmanager
    def _leased(self, place: str, *, wanted: bool) -> Iterator[Lease | None]:
        """The lease of this thread, or None; takes the lease if `wanted`."""
        lease = take_lease(self._folder, place) if wanted else None
        if lease is None:
            yield held_lease(self._folder, place)
        else:
            with lease:
                yield lease

    def lease(
        self,
        kind: str,
        key: str,
        *,
        seconds: float = LEASE_SECONDS,
        until: Callable[[], bool] = lambda: False,
    ) -> Lease | None:
        """Wait for the right to write an artifact; see `take_lease`."""
        return take_lease(self._folder, artifact_place(kind, key), seconds=seconds, until=until)

    def is_leased(self, kind: str, key: str) -> bool:
        """Whether somebody is writing an artifact under a lease."""
        return is_leased(self._folder, artifact_place(kind, key))

    def lease_owner(self, kind: str, key: str) -> LeaseOwner | None:
        """Who is writing an artifact under a lease; None if nobody is."""
        return lease_owner(self._folder, artifact_place(kind, key))

    def await_writer(self, kind: str, key: str, until: Callable[[], bool]) -> None:
        """Wait until nobody writes an artifact under a lease, or `until` is true."""
        await_release(self._folder, artifact_place(kind, key), until)

    def unfinished(self, kind: str) -> dict[str, list[str]]:
        """Folders of the resumable drafts of a kind by key, relative to the store."""
        check_kind(kind)
        if self._folder.is_local:
            names = self._folder.names(f"{STAGING}/{kind}")
            places = {resumed_place(f"{STAGING}/{kind}/{name}") for name in names} - {None}
            keys = {place.partition("/")[2] for place in places if place is not None}
        else:
            keys = set(self._folder.names(kind))
        keys = {key for key in keys if is_key(key) and not self.exists(kind, key)}
        found = {key: resumable_drafts(self._folder, f"{kind}/{key}") for key in sorted(keys)}
        return {key: paths for key, paths in found.items() if paths}

    def open(self, kind: str, key: str) -> ArtifactReader:
        """Open a complete artifact.

        Raises:
            MissingArtifactError: there is no complete artifact.
            NewerSchemaError: a newer version wrote it.
            CorruptArtifactError: its marker cannot be read.
        """
        place = artifact_place(kind, key)
        location = self._folder.location(f"{place}/{MARKER}")
        try:
            data = self._folder.read(f"{place}/{MARKER}")
        except (FileNotFoundError, NotADirectoryError) as error:
            raise MissingArtifactError(
                f"There is no complete artifact {kind} {key} in {self.url}. Run the stage that "
                "makes it, or name the store that holds it."
            ) from error
        marker = Marker.from_bytes(data, location)
        if (marker.kind, marker.key) != (kind, key):
            raise CorruptArtifactError(
                f"{location} is the marker of {marker.kind} {marker.key}, moved or copied there. "
                "Delete that folder and run again: it will be recomputed."
            )
        return ArtifactReader(self._folder, place, marker)

    def remove(self, kind: str, key: str) -> None:
        """Remove an artifact, complete or not; a missing one is no error."""
        place = artifact_place(kind, key)
        self._folder.remove_file(f"{place}/{MARKER}")  # from here on it does not exist
        self._folder.remove(place)

    def remove_unless(self, kind: str, key: str, wanted: Callable[[], bool]) -> bool:
        """Remove an artifact and its resumable drafts, unless somebody needs it.

        A run that announces its need before it looks at the store is safe: the artifact is hidden
        while `wanted` is called, and visible again if `wanted` returns true or raises. The caller
        must hold the lease.

        Returns:
            Whether the artifact was removed.
        """
        place = artifact_place(kind, key)
        marker = self._folder.read(f"{place}/{MARKER}") if self.exists(kind, key) else None
        self._folder.remove_file(f"{place}/{MARKER}")
        kept = True
        try:
            kept = wanted()
        finally:
            if kept and marker is not None:
                self._folder.write(f"{place}/{MARKER}", marker)
        if not kept:
            self._folder.remove(place)
            for path in resumable_drafts(self._folder, place):
                self._folder.remove(path)
        return not kept

    def keys(self, kind: str) -> list[str]:
        """Keys of the complete artifacts of a kind, sorted."""
        check_kind(kind)
        return [
            key
            for key in self._folder.names(kind)
            if is_key(key) and self._folder.has_file(f"{kind}/{key}/{MARKER}")
        ]

    def kinds(self) -> list[str]:
        """Kinds that have a folder in the store, sorted."""
        names = self._folder.names("")
        return [name for name in names if is_kind(name)]

    def sweep_staging(self, older_than_seconds: float, *, dry_run: bool = False) -> list[str]:
        """Remove drafts and leases that killed writers left behind.

        Args:
            older_than_seconds: younger drafts stay, because their writer may be alive.
            dry_run: remove nothing.

        Returns:
            Paths that were removed, or would be, relative to the store.
        """
        return sweep_staging(self._folder, self.kinds(), older_than_seconds, dry_run=dry_run)
