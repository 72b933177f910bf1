"""Manifests: tables that name the videos of an archive, as CSV or Parquet.

| column | contents |
|---|---|
| video | path or address of a video file, or path of a folder of images |
| mask | path or address of a mask file, or path of a folder |
| id | optional: name of the row; letters, digits, dot, dash, underscore |
| priority | optional: a number, higher first |
| start, end | optional: seconds from the start of the video; end is exclusive |

Other columns are ignored. Relative paths are relative to the manifest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import fsspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from storage.archive.csv_table import SAVE, read_csv
from storage.archive.offences import ManifestError, Offence
from storage.archive.row_ids import made_ids
from storage.archive.shown_address import hide_secrets_in_logs, shown_address, without_secrets
from storage.archive.uris import address_folder, resolved, safe_suffix
from storage.parquet import read_parquet

REQUIRED = ("video", "mask")
NUMBERS = ("priority", "start", "end")
_COLUMNS = ("id", *REQUIRED, *NUMBERS)


@dataclass(frozen=True)
class Manifest:
    """All rows of a manifest, with all columns; the files are not checked yet.

    Args:
        place: path or address of the manifest.
        table: columns id, video, mask (str, addresses resolved) and priority, start, end
            (float64; NaN if the video is not cut). It has as many rows as the file.
        unreadable: entries that should be numbers, but are not.
    """

    place: str
    table: pd.DataFrame
    unreadable: Sequence[Offence]


def read_manifest(place: str) -> Manifest:
    """Read a manifest. `check_manifest` checks its rows.

    Args:
        place: path or address of a .csv or .parquet file.

    Raises:
        ManifestError: the file does not exist, is no table, or lacks a column.
    """
    if "://" not in place:
        place = str(Path(place).expanduser().absolute())  # workers may stand elsewhere
    hide_secrets_in_logs()
    shown = shown_address(place)
    table, found, unreadable = _read_table(place)
    missing = [name for name in REQUIRED if name not in table]
    if missing:
        raise ManifestError(
            f"{shown}: the column {' and '.join(missing)} is missing (columns: "
            f"{', '.join(found) or 'none'}); give the first line the names video, mask and, if you "
            f"like, id, priority, start, end, and {SAVE}"
        )
    if table.empty:
        raise ManifestError(f"{shown} has no rows; put a line per video below the header")
    folder = address_folder(place)
    texts = {name: _texts(table, name) for name in ("id", *REQUIRED)}
    numbers = {}
    for name in NUMBERS:
        numbers[name], bad = _numbers(table, name)
        unreadable += bad
    for name in REQUIRED:
        texts[name] = [resolved(uri, folder) if uri else "" for uri in texts[name]]
    ids = made_ids(texts["id"], texts["video"], texts["mask"], numbers["start"], numbers["end"])
    numbers["priority"] = np.nan_to_num(numbers["priority"])
    columns = {"id": ids, **{name: texts[name] for name in REQUIRED}, **numbers}
    return Manifest(shown, pd.DataFrame(columns), unreadable)


def _read_table(place: str) -> tuple[pd.DataFrame, list[str], list[Offence]]:
    """The table of a file, the names of all its columns, and rows that do not fit them."""
    kind, shown = safe_suffix(place).removeprefix("."), shown_address(place)
    if kind not in ("csv", "parquet"):
        raise ManifestError(
            f"{shown} is no manifest: give a .csv or .parquet file; {SAVE} in a program for tables"
        )
    try:
        with fsspec.open(place, "rb") as file:
            data = file.read()
        if kind == "csv":
            read = read_csv(data, _COLUMNS, REQUIRED)
            return read.table, list(read.names), list(read.offences)
        table = read_parquet(data)
        return table, [str(name) for name in table.columns], []
    except FileNotFoundError:
        raise ManifestError(f"the manifest {shown} is not there; correct the path") from None
    except ManifestError as error:
        raise ManifestError(f"the manifest {shown} cannot be read: {error}") from None
    except (OSError, ValueError, ImportError) as error:  # pyarrow's are ValueErrors
        fault = without_secrets(str(error), place)
        raise ManifestError(
            f"the manifest {shown} cannot be read ({fault}); write it again as {kind}"
        ) from None


def _texts(table: pd.DataFrame, name: str) -> list[str]:
    """A column as stripped text; empty if there is no value."""
    if name not in table:
        return [""] * len(table)
    return ["" if pd.isna(value) else str(value).strip() for value in table[name].tolist()]


def _numbers(table: pd.DataFrame, name: str) -> tuple[NDArray[np.float64], list[Offence]]:
    """A column as float64 (NaN for no value), and the entries that are not finite numbers."""
    if name not in table:
        return np.full(len(table), np.nan), []
    column = table[name]
    if not pd.api.types.is_numeric_dtype(column):
        column = column.astype("string").str.strip()
        column = column.mask(column == "")
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    given = column.notna().to_numpy(bool)
    bad = np.flatnonzero(given & ~np.isfinite(numbers))
    return numbers, [
        Offence(int(index) + 1, name, str(column.iloc[index]), "is no number; give one or nothing")
        for index in bad
    ]
