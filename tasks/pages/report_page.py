"""Writes the page of a run, `report.html`, from what is in its store."""

import json
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd

from storage.errors import StorageError
from storage.runs.ledger import RunLedger
from storage.runs.names import STAGE_KINDS
from storage.store.artifacts import ArtifactStore
from tasks.machine.resources import this_machine
from tasks.pages.charts import training_charts
from tasks.pages.current_page import PAGE
from tasks.pages.findings import WorstFrame, worst_frames
from tasks.pages.media import (
    MEDIA,
    Part,
    embedded_parts,
    put_media,
    token_of,
    worst_picture,
    write_parts,
)
from tasks.pages.page_data import (
    digest_rows,
    object_rows,
    timing_rows,
    track_rows,
    video_rows,
    worker_rows,
)
from tasks.pages.published import published_figures
from tasks.pages.rendering import render
from tasks.pages.run_results import RunResults, run_results
from tasks.pages.shown import ShownVideo
from tasks.pages.video_part import data_url
from tasks.reporting.folder import FIGURES as SUMMARY_FIGURES
from tasks.reporting.folder import replace_file, report_folder
from tasks.reporting.run_readings import RunReadings, read_run
from tasks.reporting.summary import compared_presets, failures
from tasks.reporting.tables import Tables
from tasks.scores.aggregation import FIGURES, aggregate
from tasks.scores.scoring import protocol_of

EMBEDDED_PAGE = "report-embedded.html"
_WORST = 24
_PACKAGES = (
    "maskrnn",
    "torch",
    "numpy",
    "opencv-python-headless",
    "zarr",
    "prefect",
    "distributed",
)


def write_report_page(
    store: ArtifactStore, run_id: str, *, embed: bool = False, read: RunReadings | None = None
) -> Path:
    """Write the page of a run into the folder of its report; return its path.

    The page shows what the run has reached so far. Videos that did not change keep their media.

    Args:
        store: the store of the run.
        run_id: name of the run.
        embed: whether the page contains its pictures, so that it can be sent as one file.
        read: tables that the caller has read; None reads them.

    Raises:
        MissingArtifactError: there is no such run; the message names similar ones.
    """
    results = run_results(store, run_id)
    folder = report_folder(store, RunLedger(store, run_id).location)
    per_object, per_frame = results.table("per_object"), results.table("per_frame")
    main = results.methods[0] if results.methods else ""
    of_main = per_frame[per_frame["preset"] == main]
    order = _by_region(results.videos, per_object[per_object["preset"] == main])
    if embed:
        frames = int(sum(_frame_count(results, name) for name in results.videos))
        parts = embedded_parts(order, results.shown, frames)
    else:
        parts = write_parts(order, results.shown, folder)
    worst = [
        _worst(results, folder, main, frame, embed=embed)
        for frame in worst_frames(of_main, _WORST)
        if frame.video in parts
    ]
    read = read or read_run(store, results.records)
    values = _values(results, read, folder, parts, per_object, per_frame, worst)
    page = render("report.html.j2", **values)
    file = folder / (EMBEDDED_PAGE if embed else PAGE)
    replace_file(file, page.encode("utf-8", "replace"))
    return file


def _values(
    results: RunResults,
    read: RunReadings,
    folder: Path,
    parts: Mapping[str, Part],
    per_object: pd.DataFrame,
    per_frame: pd.DataFrame,
    worst: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """Everything that the template shows."""
    info, records, methods = results.info, results.records, results.methods
    videos, dataset = results.videos, str(info.parameters.get("dataset", ""))
    tables = Tables(per_frame, per_object, *aggregate(per_object, methods))
    failed = failures(records)
    opened = [shown for name in videos if (shown := _opened(results, name)) is not None]
    tracked, lost = track_rows(opened, videos, methods)
    content = {
        "methods": list(methods),
        "videos": video_rows(videos, parts),
        "columns": list(FIGURES),
        "rows": object_rows(per_object, videos, methods),
        "tracked": tracked,
        "lost": lost,
        "worst": [{**row, "video": videos.index(row["video"])} for row in worst],
        "training": training_charts(read.curves),
        "stages": list(STAGE_KINDS),
        "timings": timing_rows(records),
    }
    states = [records[name].state if name in records else "pending" for name in videos]
    return {
        "title": info.run_id,
        "info": info,
        "dataset": dataset,
        "protocol": protocol_of(dataset) if not per_object.empty else None,
        "done": states.count("done"),
        "failed": len({item["video"] for item in failed}),
        "videos": videos,
        "methods": methods,
        "headline": compared_presets(tables, methods),
        "published": published_figures(dataset),
        "failures": failed,
        "notes": _notes(folder),
        "stages": read.stages.to_dict(orient="records"),
        "workers": worker_rows(records),
        "digests": digest_rows(records),
        "parameters": json.dumps(info.parameters, indent=1, sort_keys=True, ensure_ascii=False),
        "options": {
            name: json.dumps(options, indent=1, sort_keys=True, ensure_ascii=False)
            for name, options in results.options().items()
        },
        "machine": _machine(),
        "written": datetime.now(UTC).isoformat(timespec="minutes"),
        "content": content,
        "parts": {part.token: part.content for part in parts.values() if part.content},
        "left_out": len(opened) - len(parts),
    }


def _opened(results: RunResults, name: str) -> ShownVideo | None:
    try:
        return results.shown(name)
    except StorageError:
        return None


def _frame_count(results: RunResults, name: str) -> int:
    shown = _opened(results, name)
    return 0 if shown is None else shown.video.frame_count


def _by_region(videos: Sequence[str], per_object: pd.DataFrame) -> list[str]:
    """The videos, those with the lowest J first."""
    means = per_object.groupby("video")["J_mean"].mean().to_dict()
    return sorted(videos, key=lambda name: (means.get(name, 2.0), name))


def _worst(
    results: RunResults, folder: Path, method: str, worst: WorstFrame, *, embed: bool
) -> dict[str, Any]:
    """A worst frame as JSON, with the address of its picture."""
    prediction = results.keys[worst.video].predictions[method]
    name = f"worst-{token_of(worst.video)}-{prediction[:8]}-{worst.frame}.jpg"
    address = f"{MEDIA}/{name}"
    if embed or not (folder / address).exists():
        shown = results.shown(worst.video)
        assert shown is not None  # it has figures, and so a prediction
        picture = worst_picture(shown, method, worst)
        if embed:
            address = data_url("image/jpeg", picture)
        else:
            put_media(folder / address, picture)
    return {
        "video": worst.video,
        "frame": worst.frame,
        "frameName": worst.frame_name,
        "object": worst.object_id,
        "J": round(worst.value, 3),
        "url": address,
    }


def _notes(folder: Path) -> list[str]:
    """What the run's own report tells its reader; nothing before it was written."""
    file = folder / SUMMARY_FIGURES
    if not file.exists():
        return []
    notes: list[str] = json.loads(file.read_bytes()).get("notes", [])
    return notes


def _machine() -> dict[str, str]:
    """The machine that writes the page, and versions of what computes."""
    machine = this_machine()
    known = {
        "machine": platform.platform(),
        "cores": str(machine.cores),
        "memory": f"{machine.memory / 2**30:.1f} GiB",
        "Python": platform.python_version(),
    }
    for package in _PACKAGES:
        try:
            known[package] = version(package)
        except PackageNotFoundError:
            continue
    return known
