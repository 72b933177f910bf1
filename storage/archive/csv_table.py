"""Tables as people's programs save them as CSV, read where their meaning is certain.

Read are: commas, semicolons, tabs and bars between fields; a first line `sep=;`; UTF-8 and, with
their byte order mark, UTF-16; names of columns in any case, with blanks around them; blank rows;
empty fields beyond the last column. Anything else is refused, for a guess could shift columns.
"""

import csv
import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from storage.archive.offences import ManifestError, Offence

SAVE = 'save it as "CSV UTF-8 (comma delimited)"'
"""The cure, in the words of the programs that people use."""

logger = logging.getLogger("maskrnn.run")

_SEPARATORS = ",;\t|"
_WORKBOOKS = {b"PK\x03\x04": "an Excel or LibreOffice file", b"\xd0\xcf\x11\xe0": "an Excel file"}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_SHOWN = 200


@dataclass(frozen=True)
class CsvTable:
    """The rows of a file, and those that do not fit its header.

    Args:
        table: the columns that were asked for, as text; a row for every row that is not blank.
        names: all columns of the file.
        offences: rows with more fields than the header has.
    """

    table: pd.DataFrame
    names: Sequence[str]
    offences: Sequence[Offence]


def read_csv(data: bytes, wanted: Sequence[str], required: Sequence[str]) -> CsvTable:
    """Read a table; the caller puts the file's name before the message of an error.

    Args:
        data: of the file.
        wanted: lower-case names of the columns to keep; others are left alone.
        required: those of them by which the separator is found.

    Raises:
        ManifestError: no text, an unknown encoding, broken quotes.
    """
    lines, separator = _separator(_text(data), required)
    try:
        rows = list(csv.reader(io.StringIO(lines), delimiter=separator, strict=True))
    except csv.Error as error:
        raise ManifestError(f"its quotes or fields are broken ({error}); {SAVE}") from None
    rows = [[field.strip() for field in row] for row in rows]
    rows = [row for row in rows if any(row)]
    if not rows:
        raise ManifestError(f"it is empty; {SAVE}")
    names, body = _folded(rows[0]), rows[1:]
    kept = {name: names.index(name) for name in wanted if name in names}
    for name in kept:
        if names.count(name) > 1:
            logger.warning("the manifest has the column %s twice: the first one is used", name)
    columns = {
        name: [row[place] if place < len(row) else "" for row in body]
        for name, place in kept.items()
    }
    shown = [name for name in names if name]
    return CsvTable(pd.DataFrame(columns, dtype=str), shown, list(_too_long(body, names)))


def _text(data: bytes) -> str:
    for start, what in _WORKBOOKS.items():
        if data.startswith(start):
            raise ManifestError(f"it is {what}, whatever its name says; {SAVE}")
    encoding = "utf-16" if data.startswith(_UTF16) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ManifestError(
            f"it is no {encoding.removesuffix('-sig').upper()} text: line {line} holds the byte "
            f"0x{data[error.start]:02x}; {SAVE}"
        ) from None
    if "\0" in text:
        raise ManifestError(f"it is no UTF-8 text, for it holds zero bytes; {SAVE}")
    return text


def _separator(text: str, required: Sequence[str]) -> tuple[str, str]:
    """The text without a line that names the separator, and the separator."""
    first, _, rest = text.lstrip("\r\n").partition("\n")
    named = first.strip().strip('"').casefold().removeprefix("sep=")
    if first.strip().strip('"').casefold().startswith("sep=") and named in (*_SEPARATORS, ""):
        return rest, named or "\t"
    found = [mark for mark in _SEPARATORS if set(required) <= set(_folded(_fields(first, mark)))]
    if len(found) == 1:
        return text, found[0]
    return text, max(_SEPARATORS, key=first.count)


def _fields(line: str, separator: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator), [])


def _folded(names: Sequence[str]) -> list[str]:
    return [name.strip().casefold() for name in names]


def _too_long(rows: Sequence[Sequence[str]], names: Sequence[str]) -> list[Offence]:
    return [
        Offence(
            index + 1,
            "fields",
            ", ".join(row)[:_SHOWN],
            f"has {len(row)} fields, the header {len(names)} ({', '.join(names)}); put quotes "
            "around a value that holds the separator",
        )
        for index, row in enumerate(rows)
        if any(row[len(names) :])
    ]
