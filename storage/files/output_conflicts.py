"""What results would replace in the folder that a user named for them."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from unicodedata import normalize

from storage.files.output_record import FileIdentity, OutputRecord, identify

DESKTOP_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""File managers leave these in any folder that somebody looks at. They are kept."""


class OutputConflicts:
    """Finds what others wrote, and inputs, in the places of results.

    Every method yields one clause per conflict, such as "a.png exists already and was not written
    by this program". OSError if the folder cannot be read.

    Args:
        folder: the folder for results, which need not exist.
        record: the list of what this program wrote into it.
    """

    def __init__(self, folder: Path, record: OutputRecord) -> None:
        self._folder = folder
        self._record = record

    def of(
        self, files: Sequence[str], folders: Sequence[str], inputs: Sequence[Path]
    ) -> Iterator[str]:
        """Why writing these results would lose something; arguments as `OutputFolder.check`."""
        names = [*files, *folders]
        yield from self._no_folder()
        yield from self._among(inputs)
        yield from self._covering(names, inputs)
        yield from self._doubles(names)
        for name in files:
            yield from self._of_file(name)
        for name in folders:
            yield from self._of_folder(name)

    def _of_file(self, name: str) -> Iterator[str]:
        """Why writing a file would lose something."""
        path = self._folder / name
        if os.path.lexists(path):
            yield from _fault(path, path, self._record.identities(name).get(name, set()))

    def _of_folder(self, name: str) -> Iterator[str]:
        """Why writing a folder would lose something."""
        path = self._folder / name
        if path.is_symlink() or (os.path.lexists(path) and not path.is_dir()):
            yield from _fault(path, path, set())
        elif path.is_dir():
            yield from self.within(name, path)

    def within(self, name: str, folder: Path) -> Iterator[str]:
        """Why files in a folder with an earlier result of this name are somebody else's."""
        known = self._record.identities(name)
        for file in sorted(folder.iterdir()):
            if file.name not in DESKTOP_FILES:
                inside = f"{name}/{file.name}"
                yield from _fault(file, self._folder / inside, known.get(inside, set()))

    def _no_folder(self) -> Iterator[str]:
        """A file in the place of the folder or of one of its parents."""
        for path in (self._folder, *self._folder.parents):
            if path.exists() and not path.is_dir():
                yield f"{path} is a file, where a folder for the results is needed"

    def _among(self, inputs: Sequence[Path]) -> Iterator[str]:
        """Inputs that are folders in which the results would lie."""
        sources = {source.expanduser().resolve() for source in inputs}
        for source in sources.intersection((self._folder, *self._folder.parents)):
            yield f"the folder for the results, {self._folder}, lies in their source {source}"

    def _covering(self, names: Sequence[str], inputs: Sequence[Path]) -> Iterator[str]:
        """Outputs that would replace an input."""
        outputs = {(self._folder / name).resolve(): name for name in names}
        for given in inputs:
            source = given.expanduser().resolve()
            for path in outputs.keys() & {source, *source.parents}:
                place = self._folder / outputs[path]
                yield f"{place} is, or holds, the source of the results ({source})"

    def _doubles(self, names: Sequence[str]) -> Iterator[str]:
        """Outputs whose names differ only in case: on many file systems they are one file."""
        first: dict[str, str] = {}
        for name in names:
            folded = normalize("NFC", name).casefold()
            if folded in first:
                mine, other = self._folder / name, self._folder / first[folded]
                yield f"{mine} would replace {other} on a file system that ignores case"
            first.setdefault(folded, name)


def _fault(path: Path, shown: Path, known: set[FileIdentity]) -> Iterator[str]:
    """Why a path is somebody else's; nothing for a file of this program."""
    if not known:
        yield f"{shown} exists already and was not written by this program"
    elif not _is_one_of(path, known):
        yield f"{shown} has changed since this program wrote it"


def _is_one_of(path: Path, known: set[FileIdentity]) -> bool:
    """Whether a path is a plain file with recorded content."""
    if path.is_symlink() or not path.is_file():
        return False
    size = path.stat().st_size
    return any(identity.size == size for identity in known) and identify(path) in known
