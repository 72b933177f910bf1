"""Carries out `maskrnn archive`: checks a manifest of videos, runs it and prints the results."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from flows.commands.execution import announce, check_input, first_mistake
from flows.console.output import print_doubtful_rows, print_error
from flows.plan.archive_check import check_archive_memory
from flows.plan.archive_parameters import ArchiveParameters
from flows.plan.resolved_archive import ResolvedArchive, resolve_archive
from flows.runs.archive_batches import NAMED
from flows.runs.run_ids import check_run_id
from flows.terminal import Terminal
from storage.archive.progress_file import read_progress
from storage.archive.shown_address import shown_address
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.reporting.folder import report_folder


def segment_archive(manifest: str, fields: dict[str, Any], *, dry_run: bool = False) -> int:
    """Run the archive and print its results; return 0 if done, 1 if a row or the run failed.

    Args:
        manifest: path or address.
        fields: the parameters, without the manifest.
        dry_run: only print which rows remain and what they need.

    Raises:
        ParameterError, ManifestError, ...: the input is bad; found before anything starts.
    """
    if "://" not in manifest:
        manifest = str(Path(manifest).expanduser().absolute())
    parameters = archive_parameters({**fields, "manifest": manifest})
    check_run_id(parameters.store, parameters.run_id)
    resolved = resolve_archive(parameters)
    check_input(resolved.training)
    announce(parameters.run_name, shown_address(manifest), [parameters.preset])
    if dry_run:
        from flows.commands.dry_run import print_archive_dry_run

        return print_archive_dry_run(resolved)
    check_archive_memory(resolved)
    return execute_archive(resolved)


def archive_parameters(fields: dict[str, Any]) -> ArchiveParameters:
    """The parameters of an archive; raises ParameterError with the first mistake."""
    try:
        return ArchiveParameters(**fields)
    except ValidationError as error:
        raise first_mistake(error) from None


def execute_archive(resolved: ResolvedArchive) -> int:
    """Run a resolved archive and print its results; exit code as for `segment_archive`."""
    from flows.runs.archive import archive, carry_out_archive
    from flows.runs.run_flow import run_flow

    parameters = resolved.parameters
    is_complete = run_flow(
        lambda: carry_out_archive(resolved), lambda: (archive, parameters), resolved
    )
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
    print_doubtful_rows(folder, ledger.run_id)
    console.print(f"Results: {folder}")
    return 0 if is_complete else 1
