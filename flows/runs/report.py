"""Rewrites the report of a run from the contents of its store."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import BaseModel, ConfigDict, Field

from flows.plan.default_store import default_store
from flows.plan.parameters import BenchmarkParameters
from flows.plan.resolved_run import resolve
from flows.plan.run_plan import plan_run
from flows.runs.driver import RUNNER, final_state
from flows.runs.whole_run import RunEnd, tag_run, write_report
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.dask_bridge import Bridge
from tasks.errors import ParameterError
from tasks.run.run_context import RunContext


class ReportParameters(BaseModel):
    """Parameters of the flow `report`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str = Field(description="Name of the run")
    store: str = Field(default_factory=default_store, description="Folder or URL of the store")


@flow(
    name="report", flow_run_name="report {parameters.run}", task_runner=RUNNER, persist_result=False
)
def report(parameters: ReportParameters) -> State[Any]:
    """Write the report of a run from what is in its store; compute nothing."""
    return final_state(write_anew(parameters))


def write_anew(parameters: ReportParameters) -> RunEnd:
    """Do what the flow `report` does.

    Raises:
        MissingArtifactError: there is no such run; names the closest.
        DatasetError: the data set of the run can no longer be read.
        ParameterError: so are its parameters, or it is an archive.
    """
    store = ArtifactStore(parameters.store)
    ledger = RunLedger(store, parameters.run)
    info = ledger.info()
    if info.is_archive:
        raise ParameterError(
            f"the run {parameters.run} is an archive, which writes its report at every start: run "
            f"`maskrnn archive {info.parameters['manifest']} --run-id {parameters.run}` again"
        )
    known = {**info.parameters, "store": parameters.store, "run_id": parameters.run}
    asked = BenchmarkParameters(**known)
    last = "segment" if asked.until == "segment" else "report"
    run = resolve(asked.model_copy(update={"until": last}))
    records = ledger.records()
    unfinished = {record.video for record in records if record.state != "done"}
    outcome = plan_run(run, store, unfinished).outcome
    context = RunContext(store, Bridge(), ledger)
    context.adopt(records)
    with tag_run(asked.dataset, asked.preset):
        folder = write_report(context, outcome, run, asked)
    segmented = {result.video.name for result in outcome.results}
    return RunEnd(True, f"{len(segmented)} of {len(outcome.videos)} videos: {folder}")
