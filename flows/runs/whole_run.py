"""Carries out a run, as part of a flow run or as a plain call; loads no Prefect by itself."""

import logging
import shlex
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from flows.begun_run import begun_run
from flows.plan.default_store import default_store
from flows.plan.parameters import BenchmarkParameters, RunFields
from flows.plan.resolved_run import ResolvedRun
from flows.runs.pipeline import Pipeline
from storage.archive.shown_address import shown_address
from storage.runs.drivers import drive
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.dask_bridge import Bridge, InProcess
from tasks.plan.outcome import Outcome, VideoResult, count_videos
from tasks.plan.run_order import shared_stages
from tasks.retries.server_outage import is_in_flow_run
from tasks.run.progress_artifacts import shown_progress
from tasks.run.run_context import RunContext
from tasks.run.task_runs import start_task
from tasks.run.unit_counts import unit_counts

if TYPE_CHECKING:
    import pandas as pd

    from tasks.reporting.run_readings import RunReadings

logger = logging.getLogger("maskrnn.run")


@dataclass(frozen=True)
class RunEnd:
    """How a run ended.

    Args:
        is_complete: whether everything succeeded; otherwise a part failed.
        message: how much was done, or the failures with their causes.
    """

    is_complete: bool
    message: str


def carry_out(
    run: ResolvedRun,
    only: Collection[str] | None = None,
    results: Sequence[VideoResult] = (),
) -> RunEnd:
    """Carry out a run and return how it ended.

    Args:
        run: resolved and checked.
        only: videos to process; None means all.
        results: results of the other videos, for the report.
    """
    parameters = run.parameters
    store = ArtifactStore(parameters.store)
    ledger = RunLedger(store, parameters.run_name)
    bridge = InProcess() if run.needs_no_workers else bridge_of(parameters)
    log_progress()
    with tag_run(parameters.dataset, parameters.preset):
        with bridge, drive(store, ledger) as driver, ExitStack() as stack:
            context = RunContext(store, bridge, ledger, driver, parameters.timeouts)
            stack.callback(context.close)
            pipeline = Pipeline(context, run, only, results)
            if only is not None:
                context.adopt(record for record in ledger.records() if record.video not in only)
            videos = pipeline.outcome.videos
            ledger.begin(parameters.model_dump(mode="json"), version("maskrnn"), videos)
            begun_run(ledger.run_id, rerun_command(parameters))
            with shown_progress(lambda: unit_counts(context.records(), pipeline.expected)):
                outcome = pipeline.run()
        if parameters.until in ("segment", "report"):
            # One small clip ends at once, without its page.
            write_report(context, outcome, run, parameters, with_page=not run.needs_no_workers)
        elif run.with_network:
            from tasks.reporting.curves import gather_curves

            _write_curves(context, gather_curves(store, context.records()))
    return _end(context, outcome, with_videos=bool(shared_stages("video", parameters.last_stage)))


def bridge_of(parameters: RunFields) -> Bridge:
    """Return the bridge to the workers that a run asks for; none is started yet."""
    return Bridge(
        parameters.dask_address,
        parameters.workers,
        parameters.cluster,
        parameters.cluster_options,
        parameters.worker_wait,
    )


def write_report(
    context: RunContext,
    outcome: Outcome,
    run: ResolvedRun,
    parameters: BenchmarkParameters,
    *,
    with_page: bool = True,
) -> Path:
    """Write tables, pictures and summary of a run, and its page; return their folder.

    Args:
        context: shared by the stages of the run.
        outcome: the results.
        run: the resolved run.
        parameters: those to show in the report; if a run ended before its report they may differ.
        with_page: whether to write the page too.
    """
    from tasks.reporting.report import report, report_without_figures
    from tasks.reporting.run_readings import read_run

    read = read_run(context.store, context.records())
    trained = [_write_curves(context, read.curves)] if run.with_network else []
    told = parameters.model_dump(mode="json")
    write = report if run.protocol is not None else report_without_figures
    folder: Path = start_task(
        write, context, outcome, run.configurations, told, read.stages, trained
    ).result()
    if with_page:
        _write_page(context, read)
    return folder


def _write_page(context: RunContext, read: "RunReadings") -> None:
    from tasks.pages.page_task import page

    start_task(page, context, read).result()


def _write_curves(context: RunContext, curves: "pd.DataFrame") -> str:
    """Write the training curves of a run; return the report's section on them."""
    from tasks.reporting.training import training_curves

    return start_task(training_curves, context, curves).result()


def rerun_command(parameters: BenchmarkParameters) -> str:
    """Return the command that completes a run; it names the store unless it is the default one."""
    words = ["maskrnn", "rerun", parameters.run_name]
    if parameters.store != default_store():
        words += ["--store", shown_address(parameters.store)]
    return shlex.join(words)


def log_progress() -> None:
    """Set our log level, which is unset outside of a command: Prefect would get only warnings."""
    log = logging.getLogger("maskrnn")
    if log.level == logging.NOTSET:
        log.setLevel(logging.INFO)


@contextmanager
def tag_run(*names: str) -> Iterator[None]:
    """Tag this flow run and its task runs, so that the web interface can filter them.

    Does nothing outside of a flow run.
    """
    if not is_in_flow_run():
        yield
        return
    from prefect import get_client, tags
    from prefect.context import FlowRunContext

    run = FlowRunContext.get()
    if run is not None and run.flow_run is not None:
        with get_client(sync_client=True) as client:
            client.update_flow_run(run.flow_run.id, tags={*run.flow_run.tags, *names})
    with tags(*names):
        yield


def _end(context: RunContext, outcome: Outcome, *, with_videos: bool) -> RunEnd:
    """Return how a run ended; one that only trains does not process the videos to segment."""
    records = context.records()
    failed = {
        name: next(
            (f"{stage}: {item.error}" for stage, item in record.stages.items() if item.error), ""
        )
        for name, record in records.items()
        if record.state == "failed"
    }
    counts = count_videos(outcome.videos if with_videos else (), records)
    if not failed and not with_videos:
        return RunEnd(True, f"parents ready: {', '.join(sorted(outcome.parents))}")
    if not failed and counts.unfinished:
        return RunEnd(True, f"{counts.done} of {counts.total} videos done{counts.unfinished_told}")
    if not failed:
        return RunEnd(True, f"{counts.total} videos done")
    head = f"{counts.failed} of {counts.total} videos failed{counts.unfinished_told}"
    if others := len(failed) - counts.failed:
        head += f", and {others} of training"
    details = "; ".join(f"{name} ({reason})" for name, reason in failed.items())
    return RunEnd(False, f"{head}: {details}")
