"""Runs a run again: what is missing or failed, or the stages that were requested."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import ConfigDict, Field

from flows.plan.default_store import default_store
from flows.plan.handed_over import prepared_for
from flows.plan.machine_check import check_machine
from flows.plan.override_values import Overrides
from flows.plan.parameters import BenchmarkParameters, MachineFields
from flows.plan.resolved_run import ResolvedRun, resolve
from flows.plan.run_plan import RunPlan, plan_run
from flows.runs.driver import RUNNER, final_state
from flows.runs.rerun_choice import choose_videos, stages_from
from flows.runs.whole_run import RunEnd, carry_out
from storage.runs.artifact_users import ArtifactUser, remove_artifacts, users_of
from storage.runs.drivers import drivers
from storage.runs.ledger import RunLedger
from storage.runs.names import STAGE_KINDS, StageKind
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.plan.dry_plan import PlannedStage


class RerunParameters(MachineFields):
    """Parameters that choose the run and the part of it to repeat."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str = Field(description="Name of the run")
    failed: bool = Field(default=False, description="Only videos that failed or were interrupted")
    videos: tuple[str, ...] | None = Field(default=None, description="Only these videos")
    stage: StageKind | None = Field(
        default=None, description="Repeat this stage and all later ones"
    )
    overrides: Overrides = Field(
        default_factory=dict, description="Options to change, by dotted name"
    )
    store: str = Field(default_factory=default_store, description="Folder or URL of the store")
    dask_address: str | None = Field(default=None, description="Existing Dask scheduler")
    workers: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Local worker processes; none: chosen by cores, memory and GPUs"
    )


@dataclass(frozen=True)
class Rerun:
    """A rerun that can start.

    Args:
        run: resolved, with the changed options.
        only: videos to process; None means all.
        plan: what will be reused and what computed.
        redone: artifacts to remove first, as (kind, key).
        users: other runs that refer to these artifacts.
        former: what the run had with its former options, if these were changed.
    """

    run: ResolvedRun
    only: frozenset[str] | None
    plan: RunPlan
    redone: Sequence[tuple[str, str]]
    users: Sequence[ArtifactUser]
    former: Sequence[PlannedStage]


def prepare_rerun(asked: RerunParameters) -> Rerun:
    """Determine what a rerun would do; change nothing.

    Raises:
        MissingArtifactError: there is no such run; names the closest.
        ParameterError: the run is in progress, or another run in progress needs what would be
            made again; or a video or option is unknown.
    """
    store = ArtifactStore(asked.store)
    ledger = RunLedger(store, asked.run)
    info = ledger.info()
    if info.is_archive:
        raise ParameterError(
            f"the run {asked.run} is an archive: to complete it, run `maskrnn archive "
            f"{info.parameters['manifest']} --run-id {asked.run}` with its original options; this "
            "does what is missing or failed"
        )
    _refuse_if_driven(store, asked.run)
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
    run = resolve(parameters)
    plan = plan_run(run, store, failed)
    only = choose_videos(store, asked.run, info.videos, asked.failed, asked.videos)
    redone: list[tuple[str, str]] = []
    if asked.stage is not None:
        redone = [
            (stage.kind, stage.key)
            for stage in stages_from(plan.stages, asked.stage, only)
            if stage.fate == "reused" and stage.key is not None
        ]
    users = _idle_users(store, asked.run, redone)
    before = plan_run(resolve(former), store, failed).stages if asked.overrides else ()
    return Rerun(run, only, plan, redone, users, before)


def _refuse_if_driven(store: ArtifactStore, run_id: str) -> None:
    for driver in drivers(store, run_id):
        if driver.is_alive:
            raise ParameterError(
                f"the run {run_id} is in progress in process {driver.pid} on {driver.host}: watch "
                f"it with `maskrnn status {run_id} --watch`, or end it first"
            )


def _idle_users(
    store: ArtifactStore, run_id: str, redone: Sequence[tuple[str, str]]
) -> list[ArtifactUser]:
    """Return other runs that use what would be made again; refuse if one is in progress."""
    users = users_of(store, set(redone), but=run_id)
    for user in users:
        if user.is_driven:
            raise ParameterError(
                f"the run {user.run_id} is in progress and uses {user.count} of the artifacts that "
                "would be made again: wait for its end"
            )
    return users


@flow(
    name="rerun", flow_run_name="rerun {parameters.run}", task_runner=RUNNER, persist_result=False
)
def rerun(parameters: RerunParameters) -> State[Any]:
    """Complete a run with its own parameters; see `maskrnn rerun --help`."""
    prepared = prepared_for(parameters, Rerun, lambda: checked_rerun(parameters))
    return final_state(carry_out_rerun(prepared))


def checked_rerun(asked: RerunParameters) -> Rerun:
    """Return a rerun that fits on this machine; raises as `prepare_rerun` and `check_machine`."""
    prepared = prepare_rerun(asked)
    check_machine(prepared.run)
    return prepared


def carry_out_rerun(prepared: Rerun) -> RunEnd:
    """Remove what is to be made again, then run.

    Raises:
        ParameterError: another process has begun to use the run or what would be removed.
    """
    parameters = prepared.run.parameters
    store = ArtifactStore(parameters.store)
    # We check again, because seconds may have passed since the rerun was prepared.
    _refuse_if_driven(store, parameters.run_name)
    _idle_users(store, parameters.run_name, prepared.redone)
    remove_artifacts(store, prepared.redone)
    return carry_out(prepared.run, prepared.only, prepared.plan.outcome.results)


def fates(stages: Sequence[PlannedStage]) -> Mapping[StageKind, Mapping[str, int]]:
    """Count units per stage and fate, in the order of the stages."""
    counted: dict[StageKind, dict[str, int]] = {}
    for stage in stages:
        row = counted.setdefault(stage.stage.kind, {})
        row[stage.fate] = row.get(stage.fate, 0) + 1
    return {kind: counted[kind] for kind in STAGE_KINDS if kind in counted}
