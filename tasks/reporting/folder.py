"""Locates the folder of a report and writes its files."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from storage.store.artifacts import ArtifactStore
from tasks.reporting.escaping import csv_bytes

if TYPE_CHECKING:
    import pandas as pd

SUMMARY = "summary.md"
FIGURES = "summary.json"


def report_folder(store: ArtifactStore, location: str) -> Path:
    """Return the folder of a run's report: beside its ledger, or local if the store is remote.

    Args:
        store: the store of the run.
        location: of the run's ledger.
    """
    if store.folder.is_local:
        return Path(location) / "report"
    return Path("maskrnn-reports") / location.rstrip("/").rsplit("/", 1)[-1]


def replace_file(file: Path, data: bytes) -> None:
    """Write a file so that no reader ever sees a part of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_bytes(data)
    draft.replace(file)


def write_tables(tables: "Mapping[str, pd.DataFrame]", folder: Path) -> None:
    """Write each table as Parquet and CSV."""
    for name, table in tables.items():
        replace_file(folder / f"{name}.parquet", table.to_parquet())
        replace_file(folder / f"{name}.csv", csv_bytes(table))
