"""Processes a slice of rows on a worker, one after the other, each with its own record."""

import os
import socket
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from storage.archive.fetching import FetchLimits
from storage.archive.row_files import RowFiles, row_files
from storage.archive.scratch import sweep_scratch
from storage.archive.shown_address import shown_address, without_secrets
from storage.errors import LeaseLostError
from storage.kinds.predictions import PREDICTIONS
from storage.kinds.repair import repair
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.archive.records import ended_record, result_of, running_record
from tasks.archive.rows import ArchiveMethod, ArchiveRow, RowResult
from tasks.clip import StreamedClip
from tasks.dask_bridge.unit_run import describe
from tasks.keys import stream_key
from tasks.retries.transient import is_transient
from tasks.units import stream


@dataclass(frozen=True)
class RowWork:
    """What is the same for all rows of a run.

    Args:
        store_url: the store.
        run_id: name of the run, for its ledger.
        driver: token of the process that carries out the run.
        method: how to segment.
        limits: of the downloads for a row.
        checkpoint_frames: most frames that are lost if a worker is killed.
        provenance: JSON object for the metadata of every prediction.
    """

    store_url: str
    run_id: str
    driver: str
    method: ArchiveMethod
    limits: FetchLimits
    checkpoint_frames: int
    provenance: Mapping[str, Any]


def segment_rows(work: RowWork, rows: Sequence[ArchiveRow]) -> list[RowResult]:
    """Process rows. A failure does not stop the others; a dead worker loses no ended row.

    Raises:
        StoreFullError, StoreAccessError: not even the ledger can be written.
    """
    sweep_scratch()
    store = ArtifactStore(work.store_url)
    ledger = RunLedger(store, work.run_id)
    worker = f"{socket.gethostname()} {os.getpid()}"
    preset = work.method.preset.name
    results = []
    for row in rows:
        if (before := _left_behind(ledger, work, row)) is not None:
            results.append(before)
            continue
        ledger.write(running_record(row, work.driver, preset, worker))
        result, trace = _tried(store, work, row, worker)
        ledger.write(ended_record(row, result, work.driver, preset, trace))
        results.append(result)
    return results


def _left_behind(ledger: RunLedger, work: RowWork, row: ArchiveRow) -> RowResult | None:
    """Return what a worker that died with this slice recorded for a row; None if nothing."""
    record = ledger.read(row.id)
    if record is None or record.driver != work.driver or record.attempt != row.attempt:
        return None
    found = result_of(record, row.index)
    return found if record.state != "running" else replace(found, obstacle="died")


def _tried(
    store: ArtifactStore, work: RowWork, row: ArchiveRow, worker: str
) -> tuple[RowResult, str | None]:
    """Return the result of a row, and the traceback of its error."""
    started = time.perf_counter()
    try:
        with row_files(row.video, row.mask, work.limits) as files:
            return _segmented(store, work, row, files, worker, started), None
    except Exception as error:
        # The writer that took over may finish the prediction; the next try finds it or waits.
        passes = is_transient(error) or isinstance(error, LeaseLostError)
        result = RowResult(
            row.index,
            "pending" if passes else "failed",
            time.perf_counter() - started,
            worker,
            row.attempt,
            error=without_secrets(describe(error), row.video, row.mask),
        )
        return result, without_secrets(traceback.format_exc(), row.video, row.mask)


def _segmented(
    store: ArtifactStore,
    work: RowWork,
    row: ArchiveRow,
    files: RowFiles,
    worker: str,
    started: float,
) -> RowResult:
    method = work.method
    clip = StreamedClip(str(files.video), str(files.mask), row.id, row.start, row.end)
    key = stream_key(
        *clip.digests(),
        clip,
        method.short_side,
        method.flow.digest,
        method.parent,
        method.preset,
        method.compute,
        method.options,
    )
    figures = {"fetch": files.seconds, "bytes": float(files.bytes)} if files.bytes else {}
    repair(store, PREDICTIONS, key)
    if store.exists(PREDICTIONS, key):
        known = stream.stored_figures(store, key)
        return RowResult(
            row.index,
            "done",
            time.perf_counter() - started,
            worker,
            row.attempt,
            key,
            True,
            figures={**figures, **_figures(known)},
            note=" ".join(known.remarks),
        )
    owner = store.lease_owner(PREDICTIONS, key)
    if owner is not None and owner.is_alive:
        text = f"process {owner.pid} on {owner.host} is making the same prediction"
        seconds = time.perf_counter() - started
        return RowResult(
            row.index, "pending", seconds, worker, row.attempt, error=text, obstacle="held"
        )
    found = stream.segment_stream(
        work.store_url,
        key,
        clip,
        method.flow,
        method.parent,
        method.preset,
        method.compute,
        method.short_side,
        {**work.provenance, **_provenance(row)},
        work.checkpoint_frames,
        method.options,
    )
    return RowResult(
        row.index,
        "done",
        time.perf_counter() - started,
        worker,
        row.attempt,
        key,
        figures={**figures, **_figures(found)},
        note=" ".join(found.remarks),
    )


def _figures(found: stream.StreamFigures) -> dict[str, float]:
    counts = {"frames": found.frames, "objects": found.objects, "shots": found.shots}
    figures = {name: float(count) for name, count in {**counts, "resumed": found.resumed}.items()}
    if found.real_time_factor is not None:
        figures["real_time_factor"] = found.real_time_factor
    return {**figures, **found.trust, **found.seconds}


def _provenance(row: ArchiveRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "video_uri": shown_address(row.video),
        "mask_uri": shown_address(row.mask),
        "start": row.start,
        "end": row.end,
    }
