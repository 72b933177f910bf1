"""Runs the benchmark as a Prefect flow, and makes the flows of the other commands."""

from collections.abc import Callable
from typing import Any, ParamSpec

from prefect import Flow, flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import BaseModel

from flows.plan.handed_over import prepared_for
from flows.plan.machine_check import check_machine
from flows.plan.parameters import BenchmarkParameters
from flows.plan.resolved_run import ResolvedRun, resolve
from flows.runs.whole_run import RunEnd, carry_out
from tasks.run.task_runs import MOST_TASKS

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
    return final_state(carry_out(checked_run(parameters, parameters)))


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


def final_state(end: RunEnd) -> State[Any]:
    """Return the final state of a flow run: Completed, or Failed if a part failed."""
    if end.is_complete:
        return Completed(message=end.message)
    return Failed(name=FAILED_IN_PART, message=end.message)
