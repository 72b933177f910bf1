"""A folder that a user named for results. Files that others wrote into it are never lost."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from unicodedata import normalize

from storage.errors import OccupiedOutputError, StorageError, StoreAccessError
from storage.files.drafts import new_draft
from storage.files.output_record import RECORD, FileIdentity, OutputRecord, identify
from storage.files.store_errors import full_store_error

_DESKTOP_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""File managers leave these in any folder that somebody looks at. They are kept."""


class OutputFolder:
    """A folder for results: files and folders of files appear in it whole.

    The folder contains a list of what this program wrote into it (`OutputRecord`). A file or link
    that is not on the list, or that has changed since, belongs to somebody else. It is neither
    overwritten nor removed.

    Args:
        path: path of the folder, which need not exist; a link to a folder is followed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        self._record = OutputRecord(self.path)

    def check(
        self, files: Sequence[str] = (), folders: Sequence[str] = (), inputs: Sequence[Path] = ()
    ) -> None:
        """Refuse outputs that would replace something else; call this before any work.

        Args:
            files: files that will be written, as paths below the folder.
            folders: folders that will be replaced with all their content, as paths below the
                folder.
            inputs: files and folders that the results are made from.

        Raises:
            OccupiedOutputError: an output would replace an input, another output or somebody else's
                file, or would lie among the inputs. The message names the first and counts the
                others.
            StoreAccessError: the folder cannot be read.
        """
        names = [*files, *folders]
        with self._explained("results"):
            found = [
                *self._no_folder(),
                *self._among(inputs),
                *self._covering(names, inputs),
                *self._doubles(names),
            ]
            found += [fault for name in files for fault in self._file_faults(name)]
            found += [fault for name in folders for fault in self._folder_faults(name)]
        if found:
            more = f" ({len(found) - 1} more like it)" if len(found) > 1 else ""
            raise OccupiedOutputError(
                f"{found[0]}{more}. It was left as it is. Name another folder for the results, or "
                "move it away."
            )

    def adopt(self) -> None:
        """Treat all files of a folder without a list as written by this program.

        This is for folders that only this program writes, such as reports. Older versions kept no
        list.

        Raises:
            StoreAccessError: the folder cannot be read, or its list cannot be written.
        """
        if self._record.exists or not self.path.is_dir():
            return
        with self._explained("the list of results"), self._record.locked():
            for path in sorted(self.path.iterdir()):
                files = path.iterdir() if path.is_dir() else [path]
                known = {
                    file.relative_to(self.path).as_posix(): identify(file)
                    for file in files
                    if file.is_file() and file.name != RECORD
                }
                self._record.add(path.name, known)

    @contextmanager
    def file(self, name: str) -> Iterator[BinaryIO]:
        """Open a file to write into; it appears in its place, whole, when the block ends.

        Args:
            name: path below the folder; missing folders are created.

        Raises:
            OccupiedOutputError: somebody else's file has this name; it stays.
            StoreFullError: no space is left; nothing half-written stays.
            StoreAccessError: the file cannot be written.
        """
        path = self.path / name
        with self._explained(name):
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = new_draft(path)
            try:
                with draft.open("wb") as file:
                    yield file
                self._publish_file(name, draft)
            finally:
                draft.unlink(missing_ok=True)

    def write(self, name: str, data: bytes) -> None:
        """Write bytes to a file; name and errors as for `file`."""
        with self.file(name) as file:
            file.write(data)

    @contextmanager
    def folder(self, name: str) -> Iterator[Path]:
        """Give a folder to write files into; it appears in its place, whole, when the block ends.

        Files of an earlier result that the new one lacks are removed.

        Args:
            name: path below the folder.

        Raises:
            OccupiedOutputError: the folder holds somebody else's file; everything stays.
            StoreFullError: no space is left; nothing half-written stays.
            StoreAccessError: the folder cannot be written.
        """
        path = self.path / name
        with self._explained(name):
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = new_draft(path)
            try:
                draft.mkdir()
                yield draft
                self._publish_folder(name, draft)
            finally:
                shutil.rmtree(draft, ignore_errors=True)

    def _publish_file(self, name: str, draft: Path) -> None:
        with self._record.locked():
            self.check(files=[name])
            self._record.add(name, {name: identify(draft)})
            draft.replace(self.path / name)

    def _publish_folder(self, name: str, draft: Path) -> None:
        path, former = self.path / name, draft.with_name(f"{draft.name}.former")
        with self._record.locked():
            self.check(folders=[name])
            files = {f"{name}/{file.name}": identify(file) for file in draft.iterdir()}
            self._record.add(name, files)
            if not path.exists():
                draft.rename(path)
                return
            path.rename(former)
            if faults := list(self._faults_within(name, former)):  # written since the check
                former.rename(path)
                raise OccupiedOutputError(f"{faults[0]}. It was left as it is. Run again.")
            draft.rename(path)
            for file in former.iterdir():
                if file.name in _DESKTOP_FILES:
                    file.rename(path / file.name)
                else:
                    file.unlink()
            former.rmdir()

    def _file_faults(self, name: str) -> Iterator[str]:
        """Why writing a file would lose something."""
        path = self.path / name
        if os.path.lexists(path):
            yield from _fault(path, path, self._record.identities(name).get(name, set()))

    def _folder_faults(self, name: str) -> Iterator[str]:
        """Why writing a folder would lose something."""
        path = self.path / name
        if path.is_symlink() or (os.path.lexists(path) and not path.is_dir()):
            yield from _fault(path, path, set())
        elif path.is_dir():
            yield from self._faults_within(name, path)

    def _faults_within(self, name: str, folder: Path) -> Iterator[str]:
        """Why files in a folder with an earlier result of this name are somebody else's."""
        known = self._record.identities(name)
        for file in sorted(folder.iterdir()):
            if file.name not in _DESKTOP_FILES:
                inside = f"{name}/{file.name}"
                yield from _fault(file, self.path / inside, known.get(inside, set()))

    def _no_folder(self) -> Iterator[str]:
        """A file in the place of the folder or of one of its parents."""
        for path in (self.path, *self.path.parents):
            if path.exists() and not path.is_dir():
                yield f"{path} is a file, where a folder for the results is needed"

    def _among(self, inputs: Sequence[Path]) -> Iterator[str]:
        """Inputs that are folders in which the results would lie."""
        sources = {source.expanduser().resolve() for source in inputs}
        for source in sources.intersection((self.path, *self.path.parents)):
            yield f"the folder for the results, {self.path}, lies in their source {source}"

    def _covering(self, names: Sequence[str], inputs: Sequence[Path]) -> Iterator[str]:
        """Outputs that would replace an input."""
        outputs = {(self.path / name).resolve(): name for name in names}
        for given in inputs:
            source = given.expanduser().resolve()
            for path in outputs.keys() & {source, *source.parents}:
                place = self.path / outputs[path]
                yield f"{place} is, or holds, the source of the results ({source})"

    def _doubles(self, names: Sequence[str]) -> Iterator[str]:
        """Outputs whose names differ only in case: on many file systems they are one file."""
        first: dict[str, str] = {}
        for name in names:
            folded = normalize("NFC", name).casefold()
            if folded in first:
                other = self.path / first[folded]
                yield f"{self.path / name} would replace {other} on a file system that ignores case"
            first.setdefault(folded, name)

    @contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        try:
            yield
        except StorageError:
            raise  # raised by the writer; some of them are OSErrors
        except OSError as error:
            if full := full_store_error(str(self.path), name, error):
                raise full from error
            raise self._no_access(error) from error

    def _no_access(self, error: OSError) -> StoreAccessError:
        return StoreAccessError(
            f"Cannot write results to {self.path}: {error}. Check the rights, or name another "
            "folder."
        )


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
