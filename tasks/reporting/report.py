"""Writes the report of a run: tables, summary, label maps and pictures in one folder."""

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from storage.store.artifacts import ArtifactStore
from tasks.inputs.configuration import Configuration
from tasks.inputs.sources import DatasetSpec
from tasks.keys import PreparedVideo
from tasks.plan.outcome import Outcome, VideoResult
from tasks.reporting.ablation import AblationFigures, ablation_figures, ablation_section
from tasks.reporting.ablation_plot import ablation_plot
from tasks.reporting.exports import export_masks, exported, keep_exported
from tasks.reporting.flow_section import flow_section
from tasks.reporting.folder import FIGURES, SUMMARY, replace_file, report_folder, write_tables
from tasks.reporting.pictures import write_flow_pictures, write_overlays, write_plot
from tasks.reporting.prefect_artifacts import publish
from tasks.reporting.stages_table import stages_table
from tasks.reporting.summary import ReportParts, comparison, failures, markdown
from tasks.reporting.tables import Tables, gather
from tasks.run.run_context import RunContext
from tasks.run.stage_task import shown_task
from tasks.scores.flow_agreement import gather_flow
from tasks.scores.scoring import protocol_of

_ABLATION = "ablation.png"


@shown_task("report", "report")
def report(
    context: RunContext,
    outcome: Outcome,
    configurations: Sequence[Configuration],
    parameters: Mapping[str, Any],
    sections: Sequence[str] = (),
) -> Path:
    """Write the report, and show its summary in Prefect; return its folder.

    Files that exist for the same predictions are kept.

    `sections` are more sections, in Markdown.
    """
    folder = _folder(context)
    presets = [configuration.preset.name for configuration in configurations]
    tables = gather(context.store, outcome.results, presets)
    videos = list({result.video.name: result.video for result in outcome.results}.values())
    spec = DatasetSpec(
        parameters["dataset"],
        parameters["root"],
        parameters["split"],
        configurations[0].synthetic,
    )
    flow = gather_flow(context.store, videos, spec)
    write_tables({**tables.named(), "per_frame_flow": flow.per_frame}, folder)
    ablation = _ablation(tables, parameters, folder)
    done = exported(folder)
    export_masks(context.store, outcome.results, folder, done)
    sheets = _export_sheets(context.store, outcome.results, presets[0], folder, done)
    sheets += _export_flow(context.store, videos, folder, done)
    _export_plots(outcome.results, tables, folder, done)
    keep_exported(folder, done)
    parts = ReportParts(
        context.ledger.run_id,
        parameters,
        configurations,
        outcome,
        tables,
        stages_table(context.store, context.records()),
        context.records(),
        protocol_of(parameters["dataset"]),
        sheets,
        [
            "" if ablation is None else ablation_section(ablation, _ABLATION),
            *sections,
            flow_section(context.store, flow, videos, spec, parameters["flow"]),
        ],
    )
    figures = {
        "run": parts.run_id,
        "presets": comparison(parts),
        "sequences": json.loads(tables.per_sequence.to_json(orient="records")),
        "videos": sorted(outcome.videos),
        "failures": failures(parts.records),
        "notes": outcome.notes,
        "stages": json.loads(parts.stages.to_json(orient="records")),
        "ablation": None if ablation is None else ablation.as_json(),
    }
    replace_file(folder / FIGURES, json.dumps(figures, indent=1).encode())
    replace_file(folder / SUMMARY, markdown(parts).encode())
    shown = markdown(dataclasses.replace(parts, sheets=[]))
    publish("report", shown, _pictures(shown, folder))
    return folder


def _pictures(shown: str, folder: Path) -> dict[str, bytes]:
    """Return the PNG files of a report's folder that its summary shows."""
    names = set(re.findall(r"!\[[^\]]*\]\(([^)]+\.png)\)", shown))
    return {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}


def _ablation(
    tables: Tables, parameters: Mapping[str, Any], folder: Path
) -> AblationFigures | None:
    """Return tables and plot of an ablation; None for another run."""
    if not parameters["ablation"]:
        return None
    figures = ablation_figures(tables, parameters["preset"], parameters["dataset"])
    picture = ablation_plot(figures)
    write_tables(figures.named(), folder)
    replace_file(folder / _ABLATION, picture)
    publish("ablation", ablation_section(figures, _ABLATION), {_ABLATION: picture})
    return figures


def _folder(context: RunContext) -> Path:
    return report_folder(context.store, context.ledger.location)


def _export_sheets(
    store: ArtifactStore,
    results: Sequence[VideoResult],
    preset: str,
    folder: Path,
    done: dict[str, str],
) -> list[str]:
    """Write overlays of one preset; return their names in the report."""
    shown = sorted((r for r in results if r.preset == preset), key=lambda r: r.video.name)
    sheets = [f"overlays/{result.video.name}_sheet.jpg" for result in shown]
    for result, name in zip(shown, sheets, strict=True):
        if done.get(name) != result.prediction:
            write_overlays(store, result, folder / name)
            done[name] = result.prediction
    return sheets


def _export_flow(
    store: ArtifactStore, videos: Sequence[PreparedVideo], folder: Path, done: dict[str, str]
) -> list[str]:
    """Write flow pictures; return their names in the report."""
    names = []
    for video in sorted(videos, key=lambda video: video.name):
        names.append(f"overlays/{video.name}_flow.jpg")
        if done.get(names[-1]) != video.flow_key:
            write_flow_pictures(store, video, folder / names[-1])
            done[names[-1]] = video.flow_key
    return names


def _export_plots(
    results: Sequence[VideoResult], tables: Tables, folder: Path, done: dict[str, str]
) -> None:
    for video in sorted({result.video.name for result in results}):
        name = f"plots/{video}_J.png"
        shown = " ".join(r.prediction for r in results if r.video.name == video)
        if done.get(name) != shown:
            write_plot(tables.per_frame, video, folder / name)
            done[name] = shown
