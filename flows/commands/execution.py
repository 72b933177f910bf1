"""Carries out a command as a flow run, from its fields to its exit code."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from flows.commands.flow import print_flow
from flows.console.output import (
    print_confidence,
    print_failures,
    print_figures,
    print_parents,
    print_where,
)
from flows.plan.machine_check import check_machine
from flows.plan.parameters import BenchmarkParameters
from flows.plan.resolved_run import ResolvedRun, resolve
from flows.runs.run_ids import check_run_id
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.dask_bridge.clusters import cluster_class
from tasks.errors import ParameterError
from tasks.inputs.external_parents import check_parent, obtain_parent
from tasks.inputs.sources import told_by_layout
from tasks.inputs.starting_weights import check_start

if TYPE_CHECKING:
    from flows.runs.run_flow import FlowCall
    from flows.runs.whole_run import RunEnd

logger = logging.getLogger("maskrnn.run")


def execute(fields: dict[str, Any], *, dry_run: bool = False) -> int:
    """Run a flow and print its results; return 0 if done, 1 if a video or the run failed.

    With `dry_run`, only print what it would do, and return 0.

    Raises:
        ParameterError, DatasetError, ...: the input is bad; found before anything starts.
    """
    run = resolve(validated({**_told_dataset(fields), **fields}))
    return execute_run(run, dry_run=dry_run)


def execute_run(run: ResolvedRun, *, dry_run: bool = False) -> int:
    """Check a run, carry it out and print its results; arguments and exit code as `execute`."""
    check_input(run)
    announce(run.parameters.run_name, run.parameters.dataset, run.parameters.presets)
    if dry_run:
        from flows.commands.dry_run import print_dry_run

        return print_dry_run(run)
    check_machine(run)

    def flow_call() -> "FlowCall":
        from flows.runs.stage_flows import flow_for

        return flow_for(run.parameters)

    from flows.runs.whole_run import carry_out

    return execute_flow(lambda: carry_out(run), flow_call, run, run.parameters)


def execute_flow(
    plain: "Callable[[], RunEnd]",
    flow_call: "Callable[[], FlowCall]",
    prepared: object,
    parameters: BenchmarkParameters,
) -> int:
    """Carry out a run and print its results.

    Args:
        plain, flow_call, prepared: what to do with and without a Prefect server; see `run_flow`.
        parameters: the parameters of the run.
    """
    started = time.monotonic()
    from flows.runs.run_flow import run_flow

    is_complete = run_flow(plain, flow_call, prepared)
    ledger = RunLedger(ArtifactStore(parameters.store), parameters.run_name)
    records = [record for record in ledger.records() if record.stages]
    if parameters.until == "report":
        print_figures(parameters.store, parameters.run_name)
    if parameters.until == "segment":
        print_confidence(parameters.store, parameters.run_name)
    if parameters.until == "flow":
        print_flow(records)
    if parameters.until == "train":
        print_parents(records)
    print_failures(records)
    print_where(parameters, ledger, time.monotonic() - started)
    return 0 if is_complete else 1


def validated(fields: dict[str, Any]) -> BenchmarkParameters:
    """Return parameters made from their fields.

    Raises:
        ParameterError: a field cannot be used; a one-line message about the first mistake.
    """
    try:
        parameters = BenchmarkParameters(**fields)
    except ValidationError as error:
        raise first_mistake(error) from None
    check_run_id(parameters.store, parameters.run_id)
    return parameters


def _told_dataset(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the data set that the folder `root` holds, if a root is given alone.

    Raises:
        ParameterError, MissingDatasetError: the folder does not tell.
    """
    root = fields.get("root")
    if root is None or "dataset" in fields:
        return {}
    return {"dataset": told_by_layout(root)}


def announce(run: str, data: str, presets: Sequence[str]) -> None:
    """Log what is being run: once its input was read, so that no refused run is named.

    The checks of the machine and the first stage come after it, because they can take a minute.
    """
    logger.info("run %s: %s, by %s", run, data, ", ".join(presets))


def first_mistake(error: ValidationError) -> ParameterError:
    """Return the first of several mistakes in parameters, under the name of its option."""
    first = error.errors()[0]
    if not first["loc"]:  # the fields contradict each other
        return ParameterError(first["msg"])
    name = str(first["loc"][0]).replace("_", "-")
    return ParameterError(f"--{name} {first['input']!r}: {first['msg']}")


def check_input(run: ResolvedRun) -> None:
    """Check the cluster class and the given weights before anything starts for the run.

    Raises:
        ParameterError, MissingArtifactError, ...: the same errors that the run would raise.
    """
    parameters = run.parameters
    if parameters.cluster is not None:
        cluster_class(parameters.cluster)
    store = ArtifactStore(parameters.store)
    if parameters.parent is not None:
        key = obtain_parent(store, parameters.parent)
        for configuration in run.configurations:
            check_parent(store, key, configuration.preset)
    elif parameters.initial_weights is not None:
        check_start(parameters.initial_weights, store, [c.preset for c in run.configurations])
