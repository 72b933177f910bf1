"""The list of files that this program wrote into a folder; it is kept in that folder."""

import fcntl
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from storage.errors import OccupiedOutputError

RECORD = ".maskrnn-outputs.jsonl"
"""Name of the list. Each line is one output: a file, or a folder with all its files."""

_PROGRAM = "maskrnn"
_BEGIN = json.dumps({"program": _PROGRAM}).removesuffix("}").encode()
"""The first bytes of every line."""


@dataclass(frozen=True)
class FileIdentity:
    """Size in bytes and sha256 of a file's content."""

    size: int
    sha256: str


def identify(path: Path) -> FileIdentity:
    """Read a file and return its identity.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return FileIdentity(path.stat().st_size, file_digest(file, "sha256").hexdigest())


class OutputRecord:
    """The list of one folder. Lines are only appended.

    An output is recorded before it is moved into its place. If the process dies in between, the
    list contains the old and the new identity, and both count as this program's.

    Args:
        folder: the folder; it need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / RECORD
        self._read = 0
        self._is_foreign = False
        self._places: dict[str, list[int]] = defaultdict(list)

    @property
    def exists(self) -> bool:
        """Whether the folder has a list."""
        return self._path.is_file()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock out other writers of the folder for the block; create the list if it is missing.

        If the file system has no locks, the block runs without one.

        Raises:
            OSError: the list cannot be opened.
        """
        with self._path.open("ab") as file:
            with suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def identities(self, output: str) -> dict[str, set[FileIdentity]]:
        """All recorded identities of the files of an output, by path in the folder.

        Raises:
            OccupiedOutputError: the file with the list's name is not a list of this program.
            OSError: the list cannot be read.
        """
        self._index()
        found: dict[str, set[FileIdentity]] = defaultdict(set)
        if places := self._places.get(output):
            with self._path.open("rb") as file:
                for place in places:
                    file.seek(place)
                    for name, known in _parsed(file.readline())["files"].items():
                        found[name].add(FileIdentity(known["size"], known["sha256"]))
        return found

    def add(self, output: str, files: Mapping[str, FileIdentity]) -> None:
        """Append the files of an output; does nothing if the list has them already.

        Raises:
            OSError: the list cannot be written.
        """
        known = self.identities(output)
        if all(identity in known.get(name, ()) for name, identity in files.items()):
            return
        line = {
            "program": _PROGRAM,
            "output": output,
            "files": {name: vars(identity) for name, identity in files.items()},
        }
        with self._path.open("ab+") as file:
            if file.tell():
                file.seek(-1, 2)
                if file.read(1) != b"\n":  # a writer died, or the disk was full, within a line
                    file.write(b"\n")
            file.write(json.dumps(line).encode() + b"\n")

    def _index(self) -> None:
        """Note the positions of lines that were added since the last call."""
        if not self._path.is_file():
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if (entry := _parsed(line)) is not None:
                    self._places[entry["output"]].append(self._read)
                elif not _is_half(line):
                    self._is_foreign = True
                elif not line.endswith(b"\n"):
                    break  # another process may be about to write the rest of it
                self._read += len(line)
        if self._is_foreign and not self._places:
            raise OccupiedOutputError(
                f"{self._path} is not the list of results that this program keeps under that name. "
                "Move it away, or name another folder."
            )


def _is_half(line: bytes) -> bool:
    """Whether this program may have begun a line that is no entry."""
    begun = line.rstrip(b"\n")
    return begun.startswith(_BEGIN) or _BEGIN.startswith(begun)


def _parsed(line: bytes) -> Any:
    """Parse a line of the list; None for anything else, such as half a line."""
    try:
        entry = json.loads(line)
        known = entry["program"] == _PROGRAM and isinstance(entry["output"], str)
        for identity in entry["files"].values():
            FileIdentity(**identity)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return entry if known else None
