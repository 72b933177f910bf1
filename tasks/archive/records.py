"""Stores rows as ledger records with one stage, as in other runs, that holds all figures."""

from dataclasses import replace

from storage.kinds.predictions import PREDICTIONS
from storage.runs.ledger import StageRecord, VideoRecord
from storage.runs.names import StageName
from tasks.archive.rows import ArchiveRow, RowResult


def running_record(row: ArchiveRow, driver: str, preset: str, worker: str) -> VideoRecord:
    """Return the record of a row that a worker has just started."""
    stages = {str(StageName("segment", preset)): StageRecord("running", worker=worker)}
    return VideoRecord(row.id, None, "running", row.attempt, stages, (), driver, row.request)


def ended_record(
    row: ArchiveRow,
    result: RowResult,
    driver: str,
    preset: str,
    traceback: str | None = None,
) -> VideoRecord:
    """Return the record of a row that succeeded, failed, or waits for another attempt."""
    stage = StageRecord(
        result.state,
        result.seconds,
        result.reused,
        result.worker,
        ((PREDICTIONS, result.key),) if result.key else (),
        result.error,
        traceback,
        result.note,
        figures=result.figures,
    )
    stages = {str(StageName("segment", preset)): stage}
    return VideoRecord(row.id, None, result.state, row.attempt, stages, (), driver, row.request)


def result_of(record: VideoRecord, index: int) -> RowResult:
    """Return the result that the record of an ended row contains."""
    stages = (
        stage for name, stage in record.stages.items() if StageName.parse(name).kind == "segment"
    )
    stage = next(stages, StageRecord("pending"))
    key = next((key for kind, key in stage.artifacts if kind == PREDICTIONS), "")
    return RowResult(
        index,
        "pending" if record.state == "running" else record.state,
        stage.seconds,
        stage.worker,
        record.attempt,
        key,
        stage.reused,
        stage.error,
        stage.figures,
        note=stage.note,
    )


def failed_result(row: ArchiveRow, error: str, seconds: float = 0.0) -> RowResult:
    """Return the result of a row that only the driver can still report."""
    return RowResult(row.index, "failed", seconds, "", row.attempt, error=error)


def again(row: ArchiveRow) -> ArchiveRow:
    """Return the next attempt at a row."""
    return replace(row, attempt=row.attempt + 1)
