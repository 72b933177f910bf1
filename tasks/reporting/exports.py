"""Writes the label maps of a run into its report; each is written once per prediction."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from storage.export.png_folders import export_png
from storage.files.output_folder import OutputFolder
from storage.kinds.predictions import StoredPrediction
from storage.store.artifacts import ArtifactStore
from tasks.plan.outcome import Outcome, VideoResult
from tasks.reporting.folder import replace_file, report_folder
from tasks.run.run_context import RunContext
from tasks.run.stage_task import shown_task

_EXPORTS = "exports.json"


@shown_task("export", "export")
def export(context: RunContext, outcome: Outcome) -> Path:
    """Write the label maps of all results as palette PNG; return the report's folder."""
    folder = report_folder(context.store, context.ledger.location)
    done = exported(folder)
    export_masks(context.store, outcome.results, folder, done)
    keep_exported(folder, done)
    return folder


def exported(folder: Path) -> dict[str, str]:
    """Return prediction keys by exported name; these exports need not be written again."""
    record = folder / _EXPORTS
    done: dict[str, str] = json.loads(record.read_bytes()) if record.exists() else {}
    return {name: key for name, key in done.items() if (folder / name).exists()}


def keep_exported(folder: Path, done: Mapping[str, str]) -> None:
    """Keep for the next report what `exported` returns."""
    replace_file(folder / _EXPORTS, json.dumps(done, indent=1, sort_keys=True).encode())


def export_masks(
    store: ArtifactStore, results: Sequence[VideoResult], folder: Path, done: dict[str, str]
) -> None:
    """Write label maps that are not exported yet, and add them to `done`."""
    for result in results:
        name = f"masks/{result.preset}/{result.video.name}"
        if done.get(name) != result.prediction:
            out = OutputFolder((folder / name).parent)
            out.adopt()
            export_png(StoredPrediction(store, result.prediction), out)
            done[name] = result.prediction
