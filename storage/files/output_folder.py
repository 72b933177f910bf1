"""A folder that a user named for results. Files that others wrote into it are never lost."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from storage.errors import OccupiedOutputError, StorageError, StoreAccessError
from storage.files.drafts import new_draft
from storage.files.local_files import replacing
from storage.files.output_conflicts import DESKTOP_FILES, OutputConflicts
from storage.files.output_record import RECORD, OutputRecord, identify
from storage.files.store_errors import full_store_error


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
        self._conflicts = OutputConflicts(self.path, self._record)

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
        with self._explained("results"):
            found = list(self._conflicts.of(files, folders, inputs))
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
        with self._explained(name), ExitStack() as until_replaced:
            draft = new_draft(path)
            with replacing(str(path), str(draft), durable=False) as file:
                yield file
                file.flush()
                until_replaced.enter_context(self._record.locked())
                self.check(files=[name])
                self._record.add(name, {name: identify(draft)})

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
            if faults := list(self._conflicts.within(name, former)):  # written since the check
                former.rename(path)
                raise OccupiedOutputError(f"{faults[0]}. It was left as it is. Run again.")
            draft.rename(path)
            for file in former.iterdir():
                if file.name in DESKTOP_FILES:
                    file.rename(path / file.name)
                else:
                    file.unlink()
            former.rmdir()

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
