"""Checks a manifest before anything runs, and finds all rows that cannot be used."""

import os
import stat
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from storage.archive.manifest import REQUIRED, Manifest
from storage.archive.offences import Offence
from storage.archive.row_ids import ID
from storage.archive.shown_address import shown_address
from storage.archive.uris import LOCAL, place_of, protocol_of, remote_fault

_THREADS = 8
_PART = 500


@dataclass(frozen=True)
class CheckedManifest:
    """The usable rows of a manifest, and what is wrong with the others.

    Args:
        place: path or address of the manifest.
        table: the usable rows of `Manifest.table` with three more columns: `row` (number from 1),
            `bytes` (size of a local video file, else 0) and `state` (text that changes when local
            files change, else empty).
        offences: errors of the other rows, in the order of the rows.
        rows: number of rows in the file.
    """

    place: str
    table: pd.DataFrame
    offences: Sequence[Offence]
    rows: int


def check_manifest(manifest: Manifest, *, allow_local: bool = True) -> CheckedManifest:
    """Find everything that is wrong with the rows of a manifest; asks the local disk alone.

    Args:
        manifest: as read.
        allow_local: whether rows may name files of this machine.
    """
    table = manifest.table.assign(row=np.arange(1, len(manifest.table) + 1))
    offences = [*manifest.unreadable, *_ids(table), *_spans(table)]
    sizes = np.zeros(len(table), np.int64)
    states = [""] * len(table)
    for column in REQUIRED:
        found = _places(table, column, allow_local)
        offences += found.offences
        states = [
            f"{former} {state}".strip() for former, state in zip(states, found.states, strict=True)
        ]
        if column == "video":
            sizes = found.sizes
    table = table.assign(bytes=sizes, state=states)
    bad = {offence.row for offence in offences}
    good = table[~table["row"].isin(bad)].reset_index(drop=True)
    return CheckedManifest(
        manifest.place, good, sorted(offences, key=lambda o: (o.row, o.column)), len(table)
    )


def _ids(table: pd.DataFrame) -> list[Offence]:
    ids, rows = table["id"], table["row"]
    unsafe = ~ids.map(lambda name: ID.fullmatch(name) is not None).to_numpy(bool)
    first = rows.groupby(ids).transform("first").to_numpy()
    repeated = ids.duplicated().to_numpy(bool)
    return _offences(
        table,
        "id",
        unsafe,
        lambda _: (
            "cannot be the name of a file; use at most 128 letters, digits, dots, dashes and "
            "underscores, and start with a letter or digit"
        ),
    ) + _offences(
        table,
        "id",
        repeated,
        lambda index: (
            f"is also the id of row {first[index]}; give each row its own id, or remove the "
            "repeated row"
        ),
    )


def _spans(table: pd.DataFrame) -> list[Offence]:
    start, end = table["start"].to_numpy(), table["end"].to_numpy()
    with np.errstate(invalid="ignore"):
        return [
            *_offences(table, "start", start < 0, lambda _: "is before the video; give 0 or more"),
            *_offences(
                table,
                "end",
                end <= np.where(np.isnan(start), 0.0, start),
                lambda index: (
                    f"is not after the start ({np.nan_to_num(start[index]):g}); give a later "
                    "end, or leave it empty for the end of the video"
                ),
            ),
        ]


@dataclass(frozen=True)
class _Places:
    sizes: NDArray[np.int64]
    states: Sequence[str]
    offences: Sequence[Offence]


def _places(table: pd.DataFrame, column: str, allow_local: bool) -> _Places:
    uris: list[str] = table[column].tolist()
    parts = [uris[start : start + _PART] for start in range(0, len(uris), _PART)]
    with ThreadPoolExecutor(_THREADS) as pool:  # a network disk answers slowly
        looks = [look for part in pool.map(partial(_looks, allow_local), parts) for look in part]
    return _Places(
        np.array([look.size for look in looks], np.int64),
        [look.state for look in looks],
        _offences(
            table,
            column,
            np.array([look.fault is not None for look in looks], bool),
            lambda index: str(looks[index].fault),
        ),
    )


@dataclass(frozen=True)
class _Look:
    size: int = 0
    state: str = ""
    fault: str | None = None


def _looks(allow_local: bool, uris: Sequence[str]) -> list[_Look]:
    return [_look(uri, allow_local) for uri in uris]


def _look(uri: str, allow_local: bool) -> _Look:
    if not uri:
        return _Look(fault="is empty; give a path or an address")
    if not uri.isprintable():
        return _Look(fault="has characters that cannot be printed; write it again")
    if protocol_of(uri) != LOCAL:
        if uri.endswith("/"):
            return _Look(fault="is a folder elsewhere; name a file")
        return _Look(fault=remote_fault(place_of(uri)))
    if not allow_local:
        return _Look(
            fault="is a file of this machine, which a manifest that was fetched may not name; give "
            "an address, or say --trust-manifest"
        )
    try:
        found = Path(uri).stat()
    except FileNotFoundError:
        slashes = " and write / where it has a backslash" if "\\" in uri else ""
        return _Look(
            fault=f"is not there; correct the path{slashes} (relative ones begin at the manifest)"
        )
    except (OSError, ValueError) as error:
        return _Look(fault=f"cannot be looked at ({error}); correct the path or its rights")
    if stat.S_ISDIR(found.st_mode):
        return _folder(uri, found.st_mtime_ns)
    if not stat.S_ISREG(found.st_mode):
        return _Look(fault="is neither a file nor a folder; give one")
    return _Look(found.st_size, f"{found.st_size}-{found.st_mtime_ns}")


def _folder(path: str, changed: int) -> _Look:
    """Look at all files, because overwriting a file changes its time, but not the folder's."""
    count = size = 0
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # a broken link: the reader reports it
                    found = entry.stat()
                    count, size = count + 1, size + found.st_size
                    changed = max(changed, found.st_mtime_ns)
    except OSError as error:
        return _Look(fault=f"cannot be looked at ({error}); correct the path or its rights")
    return _Look(0, f"{count}-{size}-{changed}")


def _offences(
    table: pd.DataFrame,
    column: str,
    bad: NDArray[np.bool],
    cause: Callable[[int], str],
) -> list[Offence]:
    return [
        Offence(int(index) + 1, column, _shown(table[column].iloc[index]), cause(int(index)))
        for index in np.flatnonzero(bad)
    ]


def _shown(value: object) -> str:
    return shown_address(value) if isinstance(value, str) else f"{value:g}"
