"""Tabulates what the stages of a run cost, and what was reused."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from storage.errors import MissingArtifactError
from storage.runs.ledger import StageRecord, VideoRecord
from storage.runs.names import STAGE_KINDS, StageName
from storage.store.artifacts import ArtifactStore


def stages_table(store: ArtifactStore, records: Mapping[str, VideoRecord]) -> pd.DataFrame:
    """Return a row per stage: units computed in this run, reused, failed; seconds now and
    originally.

    `original seconds` is the worker time of training, finetuning and inference when their
    artifacts were made, in this run or an earlier one. Artifacts that were removed since, such as
    optical flow, do not count.
    """
    rows = {name: dict.fromkeys(_COLUMNS, 0.0) for name in STAGE_KINDS}
    for record in records.values():
        for name, stage in record.stages.items():
            row = rows[StageName.parse(name).kind]
            row["computed"] += stage.state == "done" and not stage.reused
            row["reused"] += stage.reused
            row["failed"] += stage.state == "failed"
            row["seconds now"] += stage.seconds
            row["original seconds"] += _original_seconds(store, stage)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=_COLUMNS)
    table.index.name = "stage"
    counts = ["computed", "reused", "failed"]
    table = table[(table[counts].sum(axis=1)) > 0]
    return table.astype(dict.fromkeys(counts, int)).round(1).reset_index()


_COLUMNS = ["computed", "reused", "failed", "seconds now", "original seconds"]


def _original_seconds(store: ArtifactStore, stage: StageRecord) -> float:
    if stage.state != "done":
        return 0.0
    return sum(_seconds_of(store, kind, key) for kind, key in stage.artifacts)


def _seconds_of(store: ArtifactStore, kind: str, key: str) -> float:
    """The wall time of an artifact; 0 if it was removed since."""
    try:
        return _seconds(store.open(kind, key).metadata)
    except MissingArtifactError:
        return 0.0


def _seconds(metadata: Mapping[str, Any]) -> float:
    """Return the wall time from the metadata of an artifact; 0 if it is unknown."""
    seconds = metadata.get("seconds", 0.0)
    # A streamed prediction has the seconds of its parts, and those of the whole under "all".
    return float(seconds.get("all", 0.0) if isinstance(seconds, Mapping) else seconds)
