"""Carries out `maskrnn archive`: checks a manifest of videos, runs it and prints the results."""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from flows.commands.execution import announce, check_input, first_mistake, leave_soon_on_interrupt
from flows.console.output import print_error
from flows.plan.archive_check import check_archive_memory
from flows.plan.archive_parameters import ArchiveParameters
from flows.plan.handed_over import handed_over
from flows.plan.resolved_archive import ResolvedArchive, resolve_archive
from flows.runs.archive_batches import NAMED
from flows.terminal import Terminal
from storage.archive.progress_file import read_progress
from storage.archive.shown_address import shown_address
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.reporting.folder import FIGURES, report_folder

_WORST = 5
"""How many doubtful videos the last lines name."""


def segment_archive(manifest: str, fields: dict[str, Any]) -> int:
    """Run the archive and print its results; return 0 if done, 1 if a row or the run failed.

    Args:
        manifest: path or address.
        fields: the parameters, without the manifest.

    Raises:
        ParameterError, ManifestError, ...: the input is bad; found before anything starts.
    """
    if "://" not in manifest:
        manifest = str(Path(manifest).expanduser().absolute())
    try:
        parameters = ArchiveParameters(**{**fields, "manifest": manifest})
    except ValidationError as error:
        raise first_mistake(error) from None
    announce(parameters.run_name, shown_address(manifest), [parameters.preset])
    resolved = resolve_archive(parameters)
    check_input(resolved.training)
    check_archive_memory(resolved)
    return execute_archive(resolved)


def _doubtful(folder: Path) -> str:
    """Return a line about results that a person should look at; empty if there are none."""
    file = folder / FIGURES
    rows = json.loads(file.read_bytes())["doubtful"] if file.exists() else []
    if not rows:
        return ""
    worst = ", ".join(f"{row['id']} ({row['confidence']:.2f})" for row in rows[:_WORST])
    return (
        f"{len(rows)} videos may be badly segmented; the lowest confidence: {worst}. Sort "
        f"{folder / 'videos.csv'} by confidence"
    )


def execute_archive(resolved: ResolvedArchive) -> int:
    """Run a resolved archive and print its results; exit code as for `segment_archive`."""
    from flows.runs.archive import archive
    from flows.runs.run_flow import run_flow

    leave_soon_on_interrupt()
    parameters = resolved.parameters
    with handed_over(parameters, resolved):
        state = run_flow(archive, parameters)
    store = ArtifactStore(parameters.store)
    ledger = RunLedger(store, parameters.run_name)
    progress = read_progress(store, ledger.run_id)
    if progress is not None:
        for failure in progress.failures[:NAMED]:
            print_error(f"{failure.id}: {failure.error}")
        Terminal().print(progress.line())
    console = Terminal()
    console.print(f"Run {ledger.run_id}")
    folder = report_folder(store, ledger.location)
    if line := _doubtful(folder):
        console.print(line, style="yellow")
    console.print(f"Results: {folder}")
    return 0 if state.is_completed() else 1
