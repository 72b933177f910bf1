"""Runs the benchmark as a Prefect flow, and parts of it for the other commands."""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, ParamSpec

from prefect import Flow, flow, get_client, tags
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import BaseModel

from flows.plan.handed_over import prepared_for
from flows.plan.machine_check import check_machine
from flows.plan.parameters import BenchmarkParameters, RunFields
from flows.plan.resolved_run import ResolvedRun, resolve
from flows.runs.pipeline import Pipeline
from storage.runs.drivers import drive
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.dask_bridge import Bridge
from tasks.plan.outcome import Outcome, VideoResult
from tasks.reporting.report import report, report_without_figures
from tasks.reporting.training import training_curves
from tasks.run.run_context import RunContext
from tasks.run.task_runs import MOST_TASKS, start_task

logger = logging.getLogger("maskrnn.run")

FAILED_IN_PART = "Failed in part"
"""Name of the final state of a run in which some videos failed."""

RUNNER: Any = ThreadPoolTaskRunner(max_workers=MOST_TASKS)

P = ParamSpec("P")


def pipeline_flow(name: str) -> Callable[[Callable[P, State[Any]]], Flow[P, State[Any]]]:
    """Make a Prefect flow with parameters that have a `run_name`; its flow runs get that name."""
    return flow(
        name=name,
        flow_run_name="{parameters.run_name}",
        task_runner=RUNNER,
        persist_result=False,
    )


@pipeline_flow("benchmark")
def benchmark(parameters: BenchmarkParameters) -> State[Any]:
    """Segment videos by a preset, compare it with others, evaluate and report.

    The flow run ends as Failed if any video failed; the others are in the store and the report.
    """
    return carry_out(checked_run(parameters, parameters))


def checked_run(asked: BaseModel, parameters: BenchmarkParameters) -> ResolvedRun:
    """Return the resolved and checked run: from the command that called the flow, or made here.

    Args:
        asked: parameters of the flow.
        parameters: parameters of the run that the flow carries out.

    Raises:
        ParameterError, DatasetError: the input is bad, or disk or memory is too small.
    """

    def check() -> ResolvedRun:
        run = resolve(parameters)
        check_machine(run)
        return run

    return prepared_for(asked, ResolvedRun, check)


def carry_out(
    run: ResolvedRun,
    only: Collection[str] | None = None,
    results: Sequence[VideoResult] = (),
) -> State[Any]:
    """Carry out a run, in a flow run or as a plain call; return the final state of the flow.

    Args:
        run: resolved and checked.
        only: videos to process; None means all.
        results: results of the other videos, for the report.
    """
    parameters = run.parameters
    store = ArtifactStore(parameters.store)
    ledger = RunLedger(store, parameters.run_name)
    bridge = bridge_of(parameters)
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
            outcome = pipeline.run()
        if parameters.until in ("segment", "report"):
            write_report(context, outcome, run, parameters)
        elif run.with_network:
            start_task(training_curves, context).result()
    return final_state(context, outcome)


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
    context: RunContext, outcome: Outcome, run: ResolvedRun, parameters: BenchmarkParameters
) -> Path:
    """Write tables, pictures and summary of a run; return their folder.

    Args:
        context: shared by the stages of the run.
        outcome: the results.
        run: the resolved run.
        parameters: those to show in the report; if a run ended before its report they may differ.
    """
    trained = [start_task(training_curves, context).result()] if run.with_network else []
    told = parameters.model_dump(mode="json")
    write = report if run.protocol is not None else report_without_figures
    folder: Path = start_task(write, context, outcome, run.configurations, told, trained).result()
    return folder


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
    run = FlowRunContext.get()
    if run is not None and run.flow_run is not None:
        with get_client(sync_client=True) as client:
            client.update_flow_run(run.flow_run.id, tags={*run.flow_run.tags, *names})
    with tags(*names):
        yield


def final_state(context: RunContext, outcome: Outcome) -> State[Any]:
    """Return Completed if everything succeeded, else Failed with the failures and causes."""
    failed = {
        name: next(
            (f"{stage}: {item.error}" for stage, item in record.stages.items() if item.error), ""
        )
        for name, record in context.records().items()
        if record.state == "failed"
    }
    if not failed:
        return Completed(message=f"{len(outcome.videos)} videos done")
    videos = [name for name in outcome.videos if name in failed]
    others = len(failed) - len(videos)
    head = f"{len(videos)} of {len(outcome.videos)} videos failed"
    if others:
        head += f", and {others} of training"
    details = "; ".join(f"{name} ({reason})" for name, reason in failed.items())
    return Failed(name=FAILED_IN_PART, message=f"{head}: {details}")
