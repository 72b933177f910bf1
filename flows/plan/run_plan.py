"""Plans a run, record by record, before anything starts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from flows.plan.resolved_run import ResolvedRun
from storage.kinds.checkpoints import PARENTS
from storage.runs.names import RecordName
from storage.store.artifacts import ArtifactStore
from tasks.inputs.external_parents import obtain_parent
from tasks.inputs.starting_weights import starting_digest
from tasks.plan.dry_plan import DryPlan, PlannedStage
from tasks.plan.outcome import Outcome, VideoResult
from tasks.plan.run_order import preset_stages, shared_stages


@dataclass(frozen=True)
class RunPlan:
    """The planned stages in order, and the part of the outcome that already exists."""

    stages: Sequence[PlannedStage]
    outcome: Outcome


def plan_run(run: ResolvedRun, store: ArtifactStore, failed: Collection[str] = ()) -> RunPlan:
    """Determine for every stage of a run whether its result already exists.

    Args:
        run: the resolved run.
        store: its store.
        failed: records of the ledger that failed; training continues without these videos.

    Raises:
        ParameterError: a parent or starting weights cannot be used.
    """
    dry_plan = DryPlan(store, run.flow, run.main.compute, run.parameters.resolution)
    parents = _parents(run, store, dry_plan, failed)
    results: list[VideoResult] = []
    shared = shared_stages("video", run.parameters.last_stage)
    for source in run.sources if shared else ():
        record = RecordName("video", source.name)
        video = dry_plan.prepare(source, record, shared, run.given)
        for configuration in run.segmenting:
            preset = configuration.preset.name
            stages = preset_stages(video, parents.get(preset), configuration, run.protocol)
            if dry_plan.follow(record, stages) and video is not None:
                made = {stage.name.kind: stage.key for stage in stages}
                results.append(
                    VideoResult(video, preset, made["segment"] or "", made.get("evaluate"))
                )
    there = {name: key for name, key in parents.items() if key and store.exists(PARENTS, key)}
    notes = [run.training.note] if run.training.note else []
    names = [source.name for source in run.sources]
    return RunPlan(dry_plan.stages, Outcome(names, results, there, notes))


def stored_parents(run: ResolvedRun, store: ArtifactStore) -> dict[str, str]:
    """Return the key per preset of the parents that a run would train, if the store has them all.

    They are known by their training videos. So it is empty if the store lacks one of these.

    Raises:
        ParameterError: starting weights cannot be used.
        StorageError: a training video in the store cannot be read.
    """
    if not run.trainings:
        return {}
    dry_plan = DryPlan(store, run.flow, run.main.compute, run.parameters.resolution)
    parents = _parents(run, store, dry_plan, ())
    found = {name: key for name, key in parents.items() if key and store.exists(PARENTS, key)}
    return found if found.keys() == parents.keys() else {}


def _parents(
    run: ResolvedRun, store: ArtifactStore, dry_plan: DryPlan, failed: Collection[str]
) -> dict[str, str | None]:
    """Return the parent's key per preset that has one; None while it is unknown."""
    parameters = run.parameters
    if parameters.parent is not None and run.with_network and parameters.reaches("train"):
        return dict.fromkeys(
            (c.preset.name for c in run.with_network), obtain_parent(store, parameters.parent)
        )
    shared = shared_stages("train", parameters.last_stage)
    videos = [
        dry_plan.prepare(source, record, shared)
        for source in run.training.sources
        if str(record := RecordName("train", source.name)) not in failed
    ]
    initial = parameters.initial_weights
    start = None if initial is None or not run.trainings else starting_digest(initial, store)
    parents: dict[str, str | None] = {}
    for training in run.trainings:
        parents |= dict.fromkeys(training.presets, dry_plan.train(videos, training, start))
    if parents and all(key and store.exists(PARENTS, key) for key in parents.values()):
        dry_plan.leave_out_training_videos()
    return parents
