"""Runs an archive as a Prefect flow: a task run per batch of rows, a ledger record per row."""

import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from importlib.metadata import version
from typing import Any

from prefect.client.schemas.objects import State

from flows.plan.archive_check import check_archive_memory, check_archive_space
from flows.plan.archive_parameters import ArchiveParameters
from flows.plan.handed_over import prepared_for
from flows.plan.resolved_archive import ResolvedArchive, resolve_archive
from flows.runs.archive_batches import NAMED, show_batch
from flows.runs.driver import final_state, pipeline_flow
from flows.runs.pipeline import Pipeline
from flows.runs.whole_run import RunEnd, bridge_of, log_progress, tag_run
from storage.archive.check import CheckedManifest
from storage.archive.fetching import FetchLimits
from storage.archive.progress_file import expect_rows
from storage.runs.drivers import drive
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.archive.dispatch import Dispatcher
from tasks.archive.plan import ArchivePlan, plan_rows
from tasks.archive.progress import ProgressWatcher
from tasks.archive.report import archive_report
from tasks.archive.results import Results
from tasks.archive.slices import RowQueue
from tasks.archive.unit import RowWork
from tasks.errors import TaskError
from tasks.inputs.external_parents import check_parent, obtain_parent
from tasks.run.progress_artifacts import UnitCount, shown_progress
from tasks.run.run_context import RunContext
from tasks.run.task_runs import start_task

logger = logging.getLogger("maskrnn.run")


@pipeline_flow("archive")
def archive(parameters: ArchiveParameters) -> State[Any]:
    """Segment every video that a manifest names; a repeated call does only what is missing.

    The flow run ends as Failed if any row failed; the others are in the store and the report.
    """
    log_progress()
    resolved = prepared_for(parameters, ResolvedArchive, lambda: _checked(parameters))
    return final_state(carry_out_archive(resolved))


def carry_out_archive(resolved: ResolvedArchive) -> RunEnd:
    """Carry out a resolved and checked archive."""
    log_progress()
    parameters, manifest = resolved.parameters, resolved.manifest
    store = ArtifactStore(parameters.store)
    ledger = RunLedger(store, parameters.run_name)
    bridge = bridge_of(parameters)
    described = parameters.model_dump(mode="json")
    with (
        tag_run("archive", parameters.preset),
        bridge,
        drive(store, ledger) as driver,
        closing(RunContext(store, bridge, ledger, driver, parameters.timeouts)) as context,
    ):
        ledger.begin(described, version("maskrnn"))
        expect_rows(store, ledger.run_id, len(manifest.table))  # the parent may take hours
        method = resolved.method(_parent(context, resolved))
        plan = plan_rows(
            store, ledger, manifest.table, method.digest, leave_failed=parameters.leave_failed
        )
        check_archive_space(parameters, store, plan.table.iloc[list(plan.order)])
        results = Results(len(manifest.table))
        watcher = ProgressWatcher(store, ledger.run_id, results, plan)
        work = RowWork(
            store.url,
            ledger.run_id,
            driver,
            method,
            FetchLimits(
                int(parameters.fetch_gigabytes * 1e9),
                parameters.fetch_seconds,
                parameters.is_distrusted,
            ),
            parameters.checkpoint_frames,
            {"run": ledger.run_id, "manifest": described["manifest"]},
        )
        _carry_out(context, parameters, plan, work, watcher)
    start_task(
        archive_report, ledger, store, results, manifest, watcher, described, method.parent
    ).result()
    return _end(results.failed(manifest.table["id"].tolist()), manifest)


def _carry_out(
    context: RunContext,
    parameters: ArchiveParameters,
    plan: ArchivePlan,
    work: RowWork,
    watcher: ProgressWatcher,
) -> None:
    todo, before = len(plan.order), len(plan.settled)
    logger.info("%d rows: %d to work on, %d ended before", len(plan.table), todo, before)
    limit = context.timeouts.get("segment")
    # A time limit applies to one row, so a slice then holds one row.
    most = parameters.slice_rows if limit is None else 1
    rows = RowQueue(plan.rows(), todo, parameters.batch_size, most)
    shown: list[Callable[[], None]] = []

    def opened() -> None:
        while rows.opened:
            shown.append(show_batch(rows.opened.popleft()))

    try:
        if todo:
            with shown_progress(lambda: {"rows": _row_count(watcher)}):
                Dispatcher(context.bridge, context.ledger, work, rows, watcher, limit).run(opened)
    finally:
        watcher.finish()
        for wait in shown:
            wait()


def _row_count(watcher: ProgressWatcher) -> UnitCount:
    now = watcher.progress()
    return UnitCount(now.done, now.failed, now.total, min(now.before, now.done))


def _checked(parameters: ArchiveParameters) -> ResolvedArchive:
    """Resolve and check the archive, unless a command has done so."""
    resolved = resolve_archive(parameters)
    check_archive_memory(resolved)
    return resolved


def _parent(context: RunContext, resolved: ResolvedArchive) -> str | None:
    """Return the parent's key: the named one, or the preset's, trained on generated videos."""
    preset, given = resolved.configuration.preset, resolved.parameters.parent
    if preset.network is None:
        return None
    if given is not None:
        key = obtain_parent(context.store, given)
        check_parent(context.store, key, preset)
        return key
    parents = Pipeline(context, resolved.training).run().parents
    if preset.name not in parents:
        raise TaskError(
            f"there is no parent of {preset.name}: `maskrnn status {context.ledger.run_id}` shows "
            "why; name one with --parent, or correct the cause and run again"
        )
    return parents[preset.name]


def _end(failed: Mapping[str, str], manifest: CheckedManifest) -> RunEnd:
    """Return whether every row of the manifest is done, and the failures."""
    left_out = manifest.rows - len(manifest.table)
    if not failed and not left_out:
        return RunEnd(True, f"{manifest.rows} rows done")
    head = f"{len(failed)} of {manifest.rows} rows failed"
    if left_out:
        head += f", {left_out} were skipped"
    details = "; ".join(f"{name} ({error})" for name, error in list(failed.items())[:NAMED])
    more = f"; and {len(failed) - NAMED} more" if len(failed) > NAMED else ""
    return RunEnd(False, f"{head}: {details}{more}")
