"""A run again: exactly what is missing or failed, or what was asked to be done anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import ConfigDict, Field

from flows.plan.archive_parameters import is_archive
from flows.plan.override_values import Overrides
from flows.plan.parameters import BenchmarkParameters, MachineFields, default_store
from flows.plan.run_plan import RunPlan, plan_run
from flows.runs.driver import RUNNER, carry_out
from flows.runs.rerun_choice import choose_videos, stages_from
from storage.runs.artifact_users import ArtifactUser, remove_artifacts, users_of
from storage.runs.drivers import drivers
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.plan.dry_plan import PlannedStage

RedoneStage = Literal["ingest", "flow", "train", "finetune", "segment", "evaluate"]


class RerunParameters(MachineFields):
    """Which run, and what of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str = Field(description="Name of the run")
    failed: bool = Field(default=False, description="Only videos that failed or were cut off")
    videos: tuple[str, ...] | None = Field(default=None, description="Only these videos")
    stage: RedoneStage | None = Field(
        default=None, description="Do this stage, and what follows, anew"
    )
    overrides: Overrides = Field(
        default_factory=dict, description="Options to change, by dotted name"
    )
    store: str = Field(default_factory=default_store, description="Folder or URL of the store")
    dask_address: str | None = Field(default=None, description="Existing Dask scheduler")
    workers: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Local worker processes; none: by cores, memory and GPUs"
    )


@dataclass(frozen=True)
class Rerun:
    """A rerun that can start.

    Args:
        parameters: of the run, with what was changed.
        only: videos to work on; None for all.
        plan: what will be reused and what computed.
        redone: artifacts to remove first, as (kind, key).
        users: other runs that refer to them.
        former: what the run had, by the options that it had, when these were changed.
    """

    parameters: BenchmarkParameters
    only: frozenset[str] | None
    plan: RunPlan
    redone: Sequence[tuple[str, str]]
    users: Sequence[ArtifactUser]
    former: Sequence[PlannedStage]


def prepare_rerun(asked: RerunParameters) -> Rerun:
    """Find out what a rerun would do; changes nothing.

    Raises:
        MissingArtifactError: no such run; names the closest.
        ParameterError: the run is under way, or another one that is needs what would be redone;
            unknown videos or options.
    """
    store = ArtifactStore(asked.store)
    ledger = RunLedger(store, asked.run)
    info = ledger.info()
    if is_archive(info):
        raise ParameterError(
            f"the run {asked.run} is that of an archive: `maskrnn archive "
            f"{info.parameters['manifest']} --run-id {asked.run}`, with the options that it had, "
            "does what is missing or failed"
        )
    for driver in drivers(store, asked.run):
        if driver.is_alive:
            raise ParameterError(
                f"the run {asked.run} is under way, by process {driver.pid} on {driver.host}: "
                f"watch it with `maskrnn status {asked.run} --watch`, or end it first"
            )
    former = BenchmarkParameters(**{**info.parameters, "store": asked.store, "run_id": asked.run})
    parameters = former.model_copy(
        update={
            "overrides": {**former.overrides, **asked.overrides},
            "dask_address": asked.dask_address,
            "workers": asked.workers,
            "force": former.force or asked.force,
        }
    )
    failed = {record.video for record in ledger.records() if record.state != "done"}
    plan = plan_run(parameters, store, failed)
    only = choose_videos(store, asked.run, info.videos, asked.failed, asked.videos)
    redone: list[tuple[str, str]] = []
    if asked.stage is not None:
        redone = [
            (stage.kind, stage.key)
            for stage in stages_from(plan.stages, asked.stage, only)
            if stage.fate == "reused" and stage.key is not None
        ]
    users = users_of(store, set(redone), but=asked.run)
    for user in users:
        if user.is_driven:
            raise ParameterError(
                f"the run {user.run_id}, which is under way, uses {user.count} of what would be "
                "done anew: wait for its end"
            )
    before = plan_run(former, store, failed).stages if asked.overrides else ()
    return Rerun(parameters, only, plan, redone, users, before)


@flow(
    name="rerun", flow_run_name="rerun {parameters.run}", task_runner=RUNNER, persist_result=False
)
def rerun(parameters: RerunParameters) -> State[Any]:
    """Do what a run left undone, by its own parameters; see `maskrnn rerun --help`."""
    return carry_out_rerun(prepare_rerun(parameters))


def carry_out_rerun(prepared: Rerun) -> State[Any]:
    """Remove what is to be done anew, then run."""
    store = ArtifactStore(prepared.parameters.store)
    remove_artifacts(store, prepared.redone)
    results = prepared.plan.outcome.results
    return carry_out(prepared.parameters, prepared.only, results)


def fates(stages: Sequence[PlannedStage]) -> Mapping[str, Mapping[str, int]]:
    """Units per stage and fate, in the order of the stages."""
    counted: dict[str, dict[str, int]] = {}
    for stage in stages:
        row = counted.setdefault(stage.stage.split(" ")[0], {})
        row[stage.fate] = row.get(stage.fate, 0) + 1
    return counted
