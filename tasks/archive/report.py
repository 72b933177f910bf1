"""Writes the report of an archive run: a table with a row per video, and a summary."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from storage.archive.check import CheckedManifest
from storage.archive.offences import Offence
from storage.archive.progress_file import ArchiveProgress, duration
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.archive.progress import ProgressWatcher
from tasks.archive.results import Results
from tasks.archive.rows import SECONDS, TRUST
from tasks.reporting.escaping import markdown_code, markdown_table, markdown_text
from tasks.reporting.folder import FIGURES, SUMMARY, replace_file, report_folder, write_tables
from tasks.run.prefect_artifacts import publish, publish_file
from tasks.run.stage_task import shown_task
from tasks.scores.confidence import LOW, MOST_DOUBTFUL

VIDEOS = "videos"
"""Name of the table."""

_FAILURES = 100
"""How many failures the summary lists; the table has all of them."""


@shown_task("report", "report")
def archive_report(
    ledger: RunLedger,
    store: ArtifactStore,
    results: Results,
    manifest: CheckedManifest,
    watcher: ProgressWatcher,
    parameters: Mapping[str, Any],
    parent: str | None,
) -> Path:
    """Write the report of a run and show its summary in Prefect; return its folder."""
    folder = report_folder(store, ledger.location)
    summary = write_report(
        folder,
        ledger.run_id,
        results.table(manifest.table),
        watcher.progress(),
        manifest.offences,
        parameters,
        parent,
    )
    publish("archive", summary, {})
    publish_file("files", folder, "Folder of the report")
    return folder


def write_report(
    folder: Path,
    run_id: str,
    table: pd.DataFrame,
    progress: ArchiveProgress,
    left_out: Sequence[Offence],
    parameters: Mapping[str, Any],
    parent: str | None,
) -> str:
    """Write videos.parquet, videos.csv, summary.md and summary.json; return the summary.

    Args:
        folder: folder of the report.
        run_id: name of the run.
        table: as `Results.table` gives it.
        progress: at the end of the run.
        left_out: faults of the manifest's rows that were skipped.
        parameters: parameters of the run.
        parent: key of the parent; None without one.
    """
    stages = stage_shares(table)
    text = _markdown(run_id, table, progress, stages, left_out, parameters, parent)
    write_tables({VIDEOS: table}, folder)
    replace_file(folder / SUMMARY, text.encode())
    figures = {
        "done": progress.done,
        "failed": progress.failed,
        "left_out": len({offence.row for offence in left_out}),
        "seconds": progress.seconds,
        "worker_seconds": progress.worker_seconds,
        "stages": stages.to_dict(orient="records"),
        "doubtful": doubtful_rows(table)[["id", *TRUST]].to_dict(orient="records"),
    }
    replace_file(folder / FIGURES, json.dumps(figures, indent=1).encode())
    return text


def stage_shares(table: pd.DataFrame) -> pd.DataFrame:
    """Return wall seconds per stage over all rows that succeeded, and the share of all seconds.

    Stages of one video overlap, so shares may add up to more than 1. `rest` is the time that no
    stage accounts for.
    """
    made = table[(table["state"] == "done") & ~table["reused"]]
    total = float(made["seconds"].sum())
    seconds = {name: float(made[name].sum()) for name in SECONDS}
    rest = total - sum(seconds.values())
    if rest > 0:
        seconds["rest"] = rest
    return pd.DataFrame(
        [
            {"stage": name, "seconds": value, "share": value / total if total else 0.0}
            for name, value in seconds.items()
        ]
    )


def doubtful_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose result a person should look at, the worst first."""
    done = table[table["state"] == "done"]
    # Rows that an earlier version ended have no doubtful_share, which is never below lost_share.
    share = done[["lost_share", "doubtful_share"]].max(axis=1)
    doubtful = (done["confidence"] < LOW) | (share > MOST_DOUBTFUL)
    return done[doubtful].sort_values(["confidence", "lost_share"], ascending=[True, False])


def _markdown(
    run_id: str,
    table: pd.DataFrame,
    progress: ArchiveProgress,
    stages: pd.DataFrame,
    left_out: Sequence[Offence],
    parameters: Mapping[str, Any],
    parent: str | None,
) -> str:
    failed = table[table["state"] == "failed"]
    head = f"{progress.done} of {progress.total} rows done"
    sections = [
        f"# {markdown_text(run_id)}\n\n{head}"
        + (f", **{len(failed)} failed**." if len(failed) else "."),
        *_failures("## Failures", failed),
        *_left_out(left_out),
        *_to_look_at(doubtful_rows(table)),
        *_notes(table[table["note"] != ""]),
        "## What it took\n\n" + _cost(table, progress),
        "## Stages\n\n"
        + markdown_table(stages.round({"seconds": 1, "share": 3}))
        + "\n\nOver all rows that succeeded, in this run or before. Stages of a video overlap.",
        "## Provenance\n\n" + _provenance(parameters, parent),
    ]
    return "\n\n".join(sections) + "\n"


def _failures(title: str, failed: pd.DataFrame) -> list[str]:
    if failed.empty:
        return []
    shown = failed.head(_FAILURES)
    lines = [
        f"- **{markdown_text(name)}** (row {row}): {markdown_text(error)}"
        for name, row, error in zip(shown["id"], shown["row"], shown["error"], strict=True)
    ]
    if len(failed) > len(shown):
        lines.append(f"- and {len(failed) - len(shown)} more: state `failed` in videos.csv")
    return [title + "\n\n" + "\n".join(lines)]


def _left_out(offences: Sequence[Offence]) -> list[str]:
    if not offences:
        return []
    lines = [f"- {markdown_text(str(offence))}" for offence in offences[:_FAILURES]]
    if len(offences) > _FAILURES:
        lines.append(f"- and {len(offences) - _FAILURES} more: run again without --skip-bad")
    return ["## Rows left out\n\n" + "\n".join(lines)]


def _to_look_at(doubtful: pd.DataFrame) -> list[str]:
    if doubtful.empty:
        return []
    shown = doubtful.head(_FAILURES)[["id", *TRUST]]
    text = (
        f"{len(doubtful)} videos may be badly segmented: their worst object has a confidence below "
        f"{LOW}, or is lost or doubtful in more than {MOST_DOUBTFUL:.0%} of the frames. "
        "`videos.csv` has the figures of all videos."
    )
    return [f"## To look at first\n\n{text}\n\n{markdown_table(shown)}"]


def _notes(noted: pd.DataFrame) -> list[str]:
    if noted.empty:
        return []
    lines = [
        f"- **{markdown_text(name)}**: {markdown_text(note)}"
        for name, note in zip(noted["id"].head(_FAILURES), noted["note"], strict=False)
    ]
    if len(noted) > _FAILURES:
        lines.append(f"- and {len(noted) - _FAILURES} more: column `note` of videos.csv")
    return ["## Videos and masks to check\n\n" + "\n".join(lines)]


def _cost(table: pd.DataFrame, progress: ArchiveProgress) -> str:
    made = table[table["now"] & (table["state"] == "done")]
    ended = progress.done + progress.failed - progress.before
    lines = [
        f"- {ended} rows in {duration(progress.seconds)}; {progress.before} were done before.",
        f"- {duration(progress.worker_seconds)} of worker time.",
    ]
    frames = made.loc[~made["reused"], "frames"].sum()
    if frames:
        lines.append(
            f"- {frames:.0f} frames, {frames / progress.seconds:.1f} per second of the run."
        )
    factor = made.loc[~made["reused"], "real_time_factor"].median()
    if pd.notna(factor):
        lines.append(f"- {factor:.3g} seconds of video per second of worker time (median).")
    return "\n".join(lines)


def _provenance(parameters: Mapping[str, Any], parent: str | None) -> str:
    asked = {key: value for key, value in parameters.items() if value not in (None, {}, ())}
    lines = [f"Parameters: {markdown_code(json.dumps(asked, sort_keys=True))}."]
    if parent is not None:
        lines.insert(0, f"Parent: `{parent}`.")
    return "\n".join(f"- {line}" for line in lines)
