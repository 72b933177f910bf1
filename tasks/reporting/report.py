"""Writes the report of a run: tables, summary, label maps and pictures in one folder."""

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from tasks.given import masks_by_object
from tasks.inputs.configuration import Configuration
from tasks.inputs.sources import DatasetSpec
from tasks.plan.outcome import Outcome
from tasks.reporting.ablation import AblationFigures, ablation_figures, ablation_section
from tasks.reporting.ablation_plot import ablation_plot
from tasks.reporting.exports import Exports
from tasks.reporting.flow_section import flow_section
from tasks.reporting.folder import FIGURES, SUMMARY, replace_file, report_folder, write_tables
from tasks.reporting.summary import (
    ReportParts,
    comparison,
    confidence_section,
    failures,
    given_of,
    markdown,
)
from tasks.reporting.tables import Tables, gather
from tasks.run.prefect_artifacts import (
    publish,
    publish_file,
    publish_picture,
    publish_table,
)
from tasks.run.run_context import RunContext
from tasks.run.stage_task import shown_task
from tasks.scores.confidence import gather_confidence
from tasks.scores.flow_agreement import gather_flow
from tasks.scores.scoring import protocol_of

_ABLATION = "ablation.png"
_ROWS = 200
"""Most rows of the table in Prefect; the report has all of them."""


@shown_task("report", "report")
def report(
    context: RunContext,
    outcome: Outcome,
    configurations: Sequence[Configuration],
    parameters: Mapping[str, Any],
    stages: pd.DataFrame,
    sections: Sequence[str] = (),
) -> Path:
    """Write the report, and show its summary in Prefect; return its folder.

    Files that exist for the same predictions are kept.

    `stages` is the table that `stages_table` gives, `sections` are more sections, in Markdown.
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
    exports = Exports(context.store, folder)
    exports.masks(outcome.results)
    sheets = exports.sheets(outcome.results, presets[0]) + exports.flow(videos)
    exports.plots(outcome.results, tables)
    exports.keep()
    parts = ReportParts(
        context.ledger.run_id,
        parameters,
        configurations,
        outcome,
        tables,
        stages,
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
        "presets": comparison(parts, tables),
        "sequences": json.loads(tables.per_sequence.to_json(orient="records")),
        "ablation": None if ablation is None else ablation.as_json(),
    }
    _write(parts, figures, folder)
    return folder


@shown_task("report", "report")
def report_without_figures(
    context: RunContext,
    outcome: Outcome,
    configurations: Sequence[Configuration],
    parameters: Mapping[str, Any],
    stages: pd.DataFrame,
    sections: Sequence[str] = (),
) -> Path:
    """Write the report of a run that evaluates nothing: label maps, overlays, confidence.

    Arguments as for `report`.
    """
    folder = _folder(context)
    exports = Exports(context.store, folder)
    exports.masks(outcome.results)
    sheets = exports.sheets(outcome.results, configurations[0].preset.name)
    exports.keep()
    results = sorted(outcome.results, key=lambda result: result.video.name)
    confidence = gather_confidence(context.store, (result.prediction for result in results))
    write_tables(confidence.named(), folder)
    parts = ReportParts(
        context.ledger.run_id,
        parameters,
        configurations,
        outcome,
        None,
        stages,
        context.records(),
        "",
        sheets,
        [confidence_section(confidence), *sections],
    )
    _write(
        parts, {"confidence": json.loads(confidence.per_object.to_json(orient="records"))}, folder
    )
    return folder


def _write(parts: ReportParts, figures: Mapping[str, Any], folder: Path) -> None:
    """Write the summary for people and for programs, and show it in Prefect."""
    told = {
        "run": parts.run_id,
        "videos": sorted(parts.outcome.videos),
        "failures": failures(parts.records),
        "notes": parts.outcome.notes,
        "masks": {name: masks_by_object(given) for name, given in given_of(parts.outcome).items()},
        "stages": json.loads(parts.stages.to_json(orient="records")),
        **figures,
    }
    replace_file(folder / FIGURES, json.dumps(told, indent=1).encode())
    replace_file(folder / SUMMARY, markdown(parts).encode())
    shown = markdown(dataclasses.replace(parts, sheets=[]))
    publish("report", shown, _pictures(shown, folder))
    rows = figures.get("presets") or figures.get("confidence") or []
    if rows:
        publish_table("figures", rows[:_ROWS], "Figures of the run; the report explains them")
    if parts.sheets:
        sheet = parts.sheets[0]
        publish_picture("overlays", folder / sheet, f"{sheet}: predicted objects in six frames")
    publish_file("files", folder, "Folder of the report")


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
