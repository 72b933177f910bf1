"""Refuses, before the start, a run that does not fit on the disk."""

import shutil
from pathlib import Path

from flows.plan.resolved_run import ResolvedRun
from flows.plan.run_plan import RunPlan, plan_run
from storage.runs.names import StageKind
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.machine.space_needed import VideoExtent, stage_bytes
from tasks.plan.dry_plan import PlannedStage

_AT_ONCE = 16
"""With dropped weights: how many videos have weights on the disk at the same time."""


def check_space(run: ResolvedRun, extent: VideoExtent) -> None:
    """Compare the bytes that a run will write with what is free on a local store.

    Args:
        run: the resolved run.
        extent: lengths and sizes of its videos.

    Raises:
        ParameterError: it does not fit; states what is needed, what is available, and what to do.
    """
    store = ArtifactStore(run.parameters.store)
    if not store.folder.is_local:
        return
    free = free_bytes(store)
    if most_bytes(run, extent) <= free:
        return
    # Artifacts in the store need not be written; finding them requires reading the videos.
    need = bytes_needed(run, plan_run(run, store), extent)
    if need > free:
        cures = "use fewer videos, a lower --resolution or --keep-weights none"
        raise no_room("run", need, free, store.url, cures)


def most_bytes(run: ResolvedRun, extent: VideoExtent) -> int:
    """Return the bytes of a run that finds nothing in the store and keeps everything."""
    prepared = stage_bytes("ingest", extent) + stage_bytes("flow", extent)
    total = prepared * (len(run.sources) + len(run.training.sources))
    for configuration in run.configurations:
        network = configuration.preset.network
        each = stage_bytes("segment", extent) + stage_bytes("evaluate", extent)
        each += extent.objects * stage_bytes("finetune", extent, network)
        total += len(run.sources) * each + stage_bytes("train", extent, network)
    return total


def bytes_needed(run: ResolvedRun, plan: RunPlan, extent: VideoExtent) -> int:
    """Return the bytes that planned stages will write, without those that already exist."""
    networks = {c.preset.name: c.preset.network for c in run.configurations}
    keep, main = run.parameters.keep_weights, run.main.preset.name
    total, weights = 0, []
    for stage in plan.stages:
        if stage.fate not in ("computed", "unknown"):
            continue
        name, preset = unit_of(stage)
        size = stage_bytes(name, extent, networks.get(preset))
        if name != "finetune":
            total += size
            continue
        # The objects of a video that is not in the store are not known individually.
        size *= extent.objects if stage.stage.object_id is None else 1
        is_kept = keep == "all" or (keep == "main" and preset == main)
        total += size if is_kept else 0
        weights += [] if is_kept else [size]
    return total + sum(sorted(weights, reverse=True)[: _AT_ONCE * len(networks)])


def unit_of(stage: PlannedStage) -> tuple[StageKind, str]:
    """Return kind of unit and preset of a planned stage; "" if all presets share it."""
    kind = stage.stage.kind
    return kind, stage.record.video if kind == "train" else stage.stage.preset


def free_bytes(store: ArtifactStore) -> int:
    """Return the free bytes at the place of a local store."""
    path = Path(store.url)
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


def no_room(what: str, need: int, free: int, place: str, cures: str) -> ParameterError:
    """Return the error for data that does not fit on the disk."""
    return ParameterError(
        f"the {what} needs about {disk_size(need)} but {place} has {disk_size(free)} free: "
        f"free some space, name another --store, {cures}; --force starts the run anyway"
    )


def disk_size(size: int) -> str:
    """Return a number of bytes in GB, or in MB if it is below 1 GB."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
