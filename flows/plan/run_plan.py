"""What a run would do with its parameters, record by record, before anything is started."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from flows.plan.chosen_data import chosen_data
from flows.plan.configurations import all_configurations
from flows.plan.parameters import BenchmarkParameters
from flows.plan.training_set import training_for
from storage.kinds.checkpoints import PARENTS
from storage.runs.names import RecordName
from storage.store.artifacts import ArtifactStore
from tasks.inputs.configuration import Configuration
from tasks.inputs.external_parents import obtain_parent
from tasks.inputs.flow_method import flow_method
from tasks.inputs.sources import open_sources
from tasks.inputs.starting_weights import starting_digest
from tasks.keys import PreparedVideo, parent_key
from tasks.plan.dry_plan import Foresight, PlannedStage
from tasks.plan.outcome import Outcome, VideoResult
from tasks.scores.scoring import protocol_of


@dataclass(frozen=True)
class RunPlan:
    """Planned stages in order, and what of the run's outcome is there already."""

    stages: Sequence[PlannedStage]
    outcome: Outcome


def plan_run(
    parameters: BenchmarkParameters, store: ArtifactStore, failed: Collection[str] = ()
) -> RunPlan:
    """Look at everything that a run with these parameters would come to.

    Args:
        parameters: of the run.
        store: its store.
        failed: records of the ledger that failed; training goes on without such videos.

    Raises:
        ParameterError, DatasetError: as the run itself would.
    """
    configurations = all_configurations(parameters)
    main = configurations[0]
    spec = chosen_data(parameters, main)
    sources = open_sources(spec, parameters.videos)
    flow = flow_method(parameters.flow, parameters.flow_weights)
    foresight = Foresight(store, flow, main.compute, parameters.resolution)
    chosen = training_for(parameters, configurations, spec, sources)
    parents: dict[str, str | None] = {}
    with_network = [c for c in configurations if c.preset.network is not None]
    if with_network and parameters.reaches("train"):
        if parameters.parent is not None:
            key = obtain_parent(store, parameters.parent)
            parents = {c.preset.name: key for c in with_network}
        else:
            training = [
                foresight.prepare(source, record)
                for source in chosen.sources
                if str(record := RecordName("train", source.name)) not in failed
            ]
            initial = parameters.initial_weights
            start = None if initial is None else starting_digest(initial, store)
            parents = _parents(foresight, with_network, training, start)
    results: list[VideoResult] = []
    protocol = protocol_of(parameters.dataset) if parameters.reaches("evaluate") else None
    for source in sources if parameters.until != "train" else ():
        with_flow = parameters.reaches("flow")
        video = foresight.prepare(source, RecordName("video", source.name), with_flow=with_flow)
        for configuration in configurations if parameters.reaches("segment") else ():
            parent = parents.get(configuration.preset.name)
            found = foresight.segment(source.name, video, configuration, parent, protocol)
            if found is not None:
                results.append(found)
    there = {name: key for name, key in parents.items() if key and store.exists(PARENTS, key)}
    notes = [chosen.note] if chosen.note else []
    names = [source.name for source in sources]
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
