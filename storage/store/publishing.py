"""How a finished draft becomes the artifact: by renaming where that is atomic, else by marker."""

import errno
import time
import uuid
from contextlib import suppress
from typing import Protocol

from storage.errors import StoreAccessError
from storage.files.folder import STAGING, Folder
from storage.store.marker import MARKER, Marker

_TAKEN = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}
_ATTEMPTS = 5
_RESUMABLE = "partial"


class Draft(Protocol):
    """An artifact being written."""

    path: str
    """Folder of its content, relative to the store."""

    data: str
    """The same, relative to the artifact's place; empty when they become one."""

    def publish(self, marker: Marker) -> None:
        """Make it the artifact, unless another complete one is there already."""

    def discard(self) -> None:
        """Remove it."""


def begin_draft(folder: Folder, place: str, *, resumable: bool = False) -> Draft:
    """A draft of the artifact at `place` ("kind/key"); creates nothing yet.

    Args:
        folder: the store.
        place: of the artifact.
        resumable: always the same draft, in which a former writer may have left its work.
    """
    if folder.is_local:
        return _RenamedDraft(folder, place, _RESUMABLE if resumable else uuid.uuid4().hex)
    # What an artifact's marker names is never written to again.
    resumable = resumable and not folder.has_file(f"{place}/{MARKER}")
    return _NamedDraft(folder, place, _RESUMABLE if resumable else uuid.uuid4().hex)


def resumable_draft(folder: Folder, place: str) -> str:
    """Folder of the resumable draft of the artifact at `place`, there or not."""
    return begin_draft(folder, place, resumable=True).path


def resumed_place(path: str) -> str | None:
    """Place of the artifact whose resumable draft lies at `path`; None for what is no such."""
    if path.startswith(f"{STAGING}/") and path.endswith(f".{_RESUMABLE}"):
        return path.removeprefix(f"{STAGING}/").removesuffix(f".{_RESUMABLE}")
    return path.removesuffix(f"/{_RESUMABLE}") if path.endswith(f"/{_RESUMABLE}") else None


def drafts(folder: Folder, place: str) -> list[str]:
    """Content folders at `place` of an object store that its marker does not name."""
    children = [name for name in folder.names(place) if name != MARKER]
    named = ""
    if folder.has_file(f"{place}/{MARKER}"):
        location = folder.location(f"{place}/{MARKER}")
        named = Marker.from_bytes(folder.read(f"{place}/{MARKER}"), location).data
    return [f"{place}/{name}" for name in children if name != named]


class _RenamedDraft:
    """Written under .staging, renamed into place: a reader sees all of it or nothing."""

    data = ""

    def __init__(self, folder: Folder, place: str, name: str) -> None:
        self._folder = folder
        self._place = place
        self.path = f"{STAGING}/{place}.{name}"

    def publish(self, marker: Marker) -> None:
        self._folder.write(f"{self.path}/{MARKER}", marker.to_bytes())
        for attempt in range(_ATTEMPTS):
            try:
                self._folder.rename(self.path, self._place)
                return
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise
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
        self._folder.remove(self.path)

    def _move_aside(self) -> None:
        """Take an unfinished artifact out of the way, never a complete one."""
        aside = f"{STAGING}/{self._place}.{uuid.uuid4().hex}"
        with suppress(FileNotFoundError):
            self._folder.rename(self._place, aside)
        if self._folder.has_file(f"{aside}/{MARKER}"):  # completed between look and rename
            with suppress(OSError):
                self._folder.rename(aside, self._place)
        self._folder.remove(aside)


class _NamedDraft:
    """Written to a folder of its own beside the marker, which names it when all is there."""

    def __init__(self, folder: Folder, place: str, name: str) -> None:
        self._folder = folder
        self._place = place
        self.data = name
        self.path = f"{place}/{self.data}"

    def publish(self, marker: Marker) -> None:
        if self._folder.has_file(f"{self._place}/{MARKER}"):
            self.discard()
            return
        # Should two writers pass the look above at once, the later marker wins and the earlier
        # content stays for whoever opened it; sweeping removes it in time.
        self._folder.write(f"{self._place}/{MARKER}", marker.to_bytes())

    def discard(self) -> None:
        self._folder.remove(self.path)
