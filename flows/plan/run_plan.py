"""What a run would do with its parameters, record by record, before anything is started."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from flows.plan.resolved_run import ResolvedRun
from storage.kinds.checkpoints import PARENTS
from storage.runs.names import RecordName
from storage.store.artifacts import ArtifactStore
from tasks.inputs.configuration import Configuration
from tasks.inputs.external_parents import obtain_parent
from tasks.inputs.starting_weights import starting_digest
from tasks.keys import PreparedVideo, parent_key
from tasks.plan.dry_plan import Foresight, PlannedStage
from tasks.plan.outcome import Outcome, VideoResult


@dataclass(frozen=True)
class RunPlan:
    """Planned stages in order, and what of the run's outcome is there already."""

    stages: Sequence[PlannedStage]
    outcome: Outcome


def plan_run(run: ResolvedRun, store: ArtifactStore, failed: Collection[str] = ()) -> RunPlan:
    """Look at everything that a run would come to.

    Args:
        run: resolved.
        store: its store.
        failed: records of the ledger that failed; training goes on without such videos.

    Raises:
        ParameterError: a parent or starting weights that cannot be used.
    """
    parameters = run.parameters
    foresight = Foresight(store, run.flow, run.main.compute, parameters.resolution)
    parents: dict[str, str | None] = {}
    with_network = run.with_network
    if with_network and parameters.reaches("train"):
        if parameters.parent is not None:
            key = obtain_parent(store, parameters.parent)
            parents = {c.preset.name: key for c in with_network}
        else:
            training = [
                foresight.prepare(source, record)
                for source in run.training.sources
                if str(record := RecordName("train", source.name)) not in failed
            ]
            initial = parameters.initial_weights
            start = None if initial is None else starting_digest(initial, store)
            parents = _parents(foresight, with_network, training, start)
    results: list[VideoResult] = []
    for source in run.sources if parameters.until != "train" else ():
        with_flow = parameters.reaches("flow")
        video = foresight.prepare(source, RecordName("video", source.name), with_flow=with_flow)
        for configuration in run.configurations if parameters.reaches("segment") else ():
            parent = parents.get(configuration.preset.name)
            found = foresight.segment(source.name, video, configuration, parent, run.protocol)
            if found is not None:
                results.append(found)
    there = {name: key for name, key in parents.items() if key and store.exists(PARENTS, key)}
    notes = [run.training.note] if run.training.note else []
    names = [source.name for source in run.sources]
    return RunPlan(foresight.stages, Outcome(names, results, there, notes))


def _parents(
    foresight: Foresight,
    configurations: Sequence[Configuration],
    training: Sequence[PreparedVideo | None],
    start: str | None,
) -> dict[str, str | None]:
    """One parent for all presets whose networks and offline stages are the same."""
    shared: dict[str, str | None] = {}
    parents: dict[str, str | None] = {}
    for configuration in configurations:
        offline = offline_part(configuration)
        if offline not in shared:
            shared[offline] = foresight.train(training, configuration, start)
        parents[configuration.preset.name] = shared[offline]
    return parents


def offline_part(configuration: Configuration) -> str:
    """Digest of the options that the parent depends on; equal ones share it."""
    return parent_key([], configuration.preset, configuration.compute)
