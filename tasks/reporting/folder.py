"""Locates the folder of a report and writes its files."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from storage.errors import OccupiedOutputError
from storage.files.output_folder import OutputFolder
from storage.store.artifacts import ArtifactStore
from tasks.reporting.escaping import csv_bytes

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger("maskrnn.run")

SUMMARY = "summary.md"
FIGURES = "summary.json"
CONFIDENCE = "confidence.csv"
"""Table of a run that evaluates nothing: a row per object."""


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
    """Write a file of a report so that no reader ever sees a part of it.

    Only for folders that this program chose: all that is in them counts as its own.

    A file that somebody has changed, or that this program did not write, stays as it is; a warning
    names it.

    Raises:
        StoreFullError: no space is left.
        StoreAccessError: the file cannot be written.
    """
    out = OutputFolder(file.parent)
    out.adopt()
    try:
        out.write(file.name, data)
    except OccupiedOutputError:
        logger.warning(
            "%s has changed since this program wrote it and was left as it is; move it away, and "
            "write the report again with `maskrnn report RUN --anew`",
            file,
        )


def write_tables(tables: "Mapping[str, pd.DataFrame]", folder: Path) -> None:
    """Write each table as Parquet and CSV."""
    for name, table in tables.items():
        replace_file(folder / f"{name}.parquet", table.to_parquet())
        replace_file(folder / f"{name}.csv", csv_bytes(table))
