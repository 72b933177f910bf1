"""Publishing of finished drafts: by an atomic rename if possible, otherwise by the marker."""

import errno
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from storage.errors import IncompleteArtifactError, StoreAccessError
from storage.files.folder import STAGING, Folder
from storage.store.handover import draft_path, resumable_name, take_over
from storage.store.lease import Lease
from storage.store.marker import MARKER, Marker

_TAKEN = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}
_ATTEMPTS = 5


class Draft(Protocol):
    """An artifact that one writer is writing."""

    path: str
    """Folder of its content, relative to the store."""

    data: str
    """The same, relative to the artifact's place; empty if the folder is renamed to that place."""

    def publish(self, marker: Marker) -> None:
        """Make the draft the artifact, unless a complete artifact exists already.

        Raises:
            LeaseLostError: another writer took over.
            IncompleteArtifactError: a file that the marker names is missing.
        """

    def discard(self) -> None:
        """Remove the draft, unless another writer took over or an artifact may already use it."""


def begin_draft(
    folder: Folder, place: str, lease: Lease | None, plan: Mapping[str, Any] | None
) -> Draft:
    """A draft of the artifact at `place` ("kind/key").

    Args:
        folder: the store.
        place: place of the artifact.
        lease: lease of this writer, if it holds one.
        plan: with a plan, the draft starts with what a former holder of the lease saved under the
            same plan. This needs a lease.
    """
    name, former = uuid.uuid4().hex, list[str]()
    if plan is not None:
        assert lease is not None
        name, former = resumable_name(lease), take_over(folder, place, lease, dict(plan))
    draft = _RenamedDraft if folder.is_local else _NamedDraft
    return draft(folder, place, name, lease, former)


class _LeasedDraft:
    """Code that both kinds of drafts share."""

    def __init__(
        self, folder: Folder, place: str, name: str, lease: Lease | None, former: Sequence[str]
    ) -> None:
        self._folder = folder
        self._place = place
        self._lease = lease
        self._former = former
        self.path = draft_path(folder, place, name)

    def _check_files(self, marker: Marker) -> None:
        if missing := self._folder.missing(self.path, marker.digests):
            names = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
            raise IncompleteArtifactError(
                f"{self._folder.location(self.path)}: {len(missing)} of {len(marker.digests)} "
                f"files have vanished since they were written ({names}). Nothing was published; "
                "run again."
            )

    def _check_lease(self) -> None:
        if self._lease is not None:
            self._lease.check()

    def _may_discard(self) -> bool:
        return self._lease is None or self._lease.is_valid()

    def _remove_former(self) -> None:
        """Remove the drafts of former holders, who can no longer publish."""
        for path in self._former:
            self._folder.remove(path)


class _RenamedDraft(_LeasedDraft):
    """A draft under .staging that is renamed into place: readers see all of it or nothing."""

    data = ""

    def publish(self, marker: Marker) -> None:
        self._check_files(marker)
        self._folder.sync(self.path)  # before the marker, which vouches for it
        self._folder.write(f"{self.path}/{MARKER}", marker.to_bytes())
        for attempt in range(_ATTEMPTS):
            if self._rename():
                self._folder.sync_name(self._place)
                self._remove_former()
                return
            if self._folder.has_file(f"{self._place}/{MARKER}"):
                self.discard()  # another writer of the same key was faster
                return
            self._move_aside()
            time.sleep(0.01 * attempt)
        raise StoreAccessError(
            f"Cannot put the artifact at {self._folder.location(self._place)}: something without "
            "a completion marker keeps appearing there. Remove it, and run again."
        )

    def discard(self) -> None:
        with self._folder.guarded():  # so that nobody takes it over now
            if self._may_discard():
                self._folder.remove(self.path)

    def _rename(self) -> bool:
        """Rename it into place, unless something is there; nobody can take over in between."""
        with self._folder.guarded():
            self._check_lease()
            try:
                self._folder.rename(self.path, self._place)
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise
                return False
        return True

    def _move_aside(self) -> None:
        """Move an unfinished artifact away, but never a complete one."""
        aside = f"{STAGING}/{self._place}.{uuid.uuid4().hex}"
        with suppress(FileNotFoundError):
            self._folder.rename(self._place, aside)
        if self._folder.has_file(f"{aside}/{MARKER}"):  # completed between check and rename
            with suppress(OSError):
                self._folder.rename(aside, self._place)
        self._folder.remove(aside)


class _NamedDraft(_LeasedDraft):
    """A draft in its own folder beside the marker; the finished marker names this folder."""

    def __init__(
        self, folder: Folder, place: str, name: str, lease: Lease | None, former: Sequence[str]
    ) -> None:
        super().__init__(folder, place, name, lease, former)
        self.data = name
        self._may_be_named = False

    def publish(self, marker: Marker) -> None:
        self._check_files(marker)
        self._check_lease()
        # From here on a marker may name the draft, even if no answer comes.
        self._may_be_named = True
        if not self._folder.swap(f"{self._place}/{MARKER}", None, marker.to_bytes()):
            self._may_be_named = False
            self.discard()  # another writer of the same key was faster
        elif self._folder.is_conditional:  # otherwise another marker may still replace this one
            self._remove_former()

    def discard(self) -> None:
        if not self._may_be_named and self._may_discard():
            self._folder.remove(self.path)
