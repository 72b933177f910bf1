"""Carries out `--dry-run`: prints what is cached, what must run, and what it would need."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flows.console.plain_table import Column, PlainTable
from flows.plan.machine_check import check_machine, sampled_extent
from flows.plan.memory_check import local_machine, needs
from flows.plan.parameters import RunFields
from flows.plan.resolved_run import ResolvedRun
from flows.plan.run_plan import RunPlan, plan_run, stored_parents
from flows.plan.space_check import bytes_needed, disk_size, free_bytes, unit_of
from flows.terminal import Terminal
from storage.archive.progress_file import duration
from storage.runs.ledger import RunLedger
from storage.runs.names import STAGE_KINDS
from storage.store.artifacts import ArtifactStore
from tasks.inputs.external_parents import obtain_parent
from tasks.machine.resources import plan_workers, this_machine
from tasks.machine.space_needed import VideoExtent
from tasks.plan.dry_plan import PlannedStage
from tasks.plan.outcome import Outcome
from tasks.plan.past_timings import PastTimings, Unit, past_timings

if TYPE_CHECKING:
    from flows.plan.resolved_archive import ResolvedArchive

_COLUMNS = (
    Column("stage"),
    Column("reused", is_number=True),
    Column("to compute", is_number=True),
    Column("perhaps", is_number=True),
)


def print_dry_run(run: ResolvedRun) -> int:
    """Print the plan of a run; return 0.

    Raises:
        ParameterError: the run would be refused: a parent, disk or memory.
    """
    plan = plan_run(run, ArtifactStore(run.parameters.store))
    _print_stages(plan.stages)
    print_needs(run, plan.stages)
    check_machine(run)
    return 0


def print_needs(
    run: ResolvedRun,
    stages: Sequence[PlannedStage],
    redone: Sequence[tuple[str, str]] = (),
) -> None:
    """Print time, memory and disk of planned stages; `redone` (kind, key) are computed again."""
    again = set(redone)
    computed = [s for s in stages if is_computed(s) or (s.kind, s.key) in again]
    console = Terminal()
    if not computed:
        console.print("Nothing to compute.")
        return
    store, extent = ArtifactStore(run.parameters.store), sampled_extent(run)
    units: dict[Unit, int] = {}
    for stage in computed:
        unit = unit_of(stage)
        units[unit] = units.get(unit, 0) + _units(stage, extent)
    for line in _time(past_timings(store), units, run.parameters):
        console.print(line)
    if extent is None:
        return
    if (machine := local_machine(run.parameters)) is not None:
        at_once = len(plan_workers(machine, run.parameters.workers))
        wanted = [n for n in needs(run, extent, at_once) if n[:2] in units]
        largest = max((size * count for _, _, size, count in wanted), default=0)
        if largest:
            there = machine.memory / 1e9
            console.print(f"Memory of networks: about {largest / 1e9:.1f} GB of {there:.1f} GB")
    _print_disk(store, bytes_needed(run, RunPlan(computed, Outcome()), extent))


def print_archive_dry_run(archive: "ResolvedArchive") -> int:
    """Print the plan of an archive: its parent, and which rows remain; return 0.

    Raises:
        ParameterError: the run would be refused: a parent, disk or memory.
    """
    from tasks.archive.plan import plan_rows

    parameters, table = archive.parameters, archive.manifest.table
    store = ArtifactStore(parameters.store)
    preset, parent, console = archive.configuration.preset, None, Terminal()
    if preset.network is not None:
        parent = (
            obtain_parent(store, parameters.parent)
            if parameters.parent is not None
            else stored_parents(archive.training, store).get(preset.name)
        )
        if parent is None:
            console.print(f"The parent of {preset.name} must be trained first:")
            print_dry_run(archive.training)
    method = archive.method(parent)
    ledger = RunLedger(store, parameters.run_name)
    leave = parameters.leave_failed
    plan = plan_rows(store, ledger, table, method.digest, leave_failed=leave)
    done = sum(result.state == "done" for result in plan.settled)
    parts = [f"{done} done", f"{len(plan.order)} to work on"]
    if failed := len(plan.settled) - done:
        parts.append(f"{failed} failed before and left alone")
    console.print(f"{len(table)} rows: {', '.join(parts)}")
    if plan.order:
        units: dict[Unit, int] = {("segment", preset.name): len(plan.order)}
        for line in _time(past_timings(store, archives=True), units, parameters):
            console.print(line)
        from flows.plan.archive_check import (
            archive_bytes,
            check_archive_memory,
            check_archive_space,
        )

        rows = table.iloc[list(plan.order)]
        if (need := archive_bytes(parameters, rows)) is not None:
            _print_disk(store, need)
        check_archive_space(parameters, store, rows)
        check_archive_memory(archive)
    return 0


def is_computed(stage: PlannedStage) -> bool:
    """Whether a run computes a stage, unless its result is found after the stages before it."""
    return stage.fate in ("computed", "unknown")


def _print_stages(stages: Sequence[PlannedStage]) -> None:
    rows = []
    for kind in STAGE_KINDS:
        fates = [stage.fate for stage in stages if stage.stage.kind == kind]
        if fates:
            counts = [fates.count(fate) for fate in ("reused", "computed", "unknown")]
            rows.append([kind, *(str(count or "") for count in counts)])
    console = Terminal()
    console.print(PlainTable(_COLUMNS, rows, "Units; perhaps: decided after the stages before"))


def _units(stage: PlannedStage, extent: VideoExtent | None) -> int:
    """How many units a planned stage stands for: the objects of a new video are not known."""
    each_object = stage.stage.kind == "finetune" and stage.stage.object_id is None
    return extent.objects if each_object and extent is not None else 1


def _time(timings: PastTimings, units: dict[Unit, int], parameters: RunFields) -> list[str]:
    seconds, unknown = timings.total(units)
    lines = []
    if seconds:
        text = f"Time: about {duration(seconds)} of worker time"
        training = {unit: count for unit, count in units.items() if unit[0] == "train"}
        alone, _ = timings.total(training)
        if parameters.dask_address is None and parameters.cluster is None:
            workers = len(plan_workers(this_machine(), parameters.workers))
            wall = alone + (seconds - alone) / workers
            text += f", {duration(wall)} with {workers} workers"
        lines.append(f"{text}, by the median of former units of this store")
    if unknown := [kind for kind in STAGE_KINDS if kind in unknown]:
        lines.append(f"Time unknown: {', '.join(unknown)} (no run of this store computed it)")
    return lines


def _print_disk(store: ArtifactStore, need: int) -> None:
    there = f" of {disk_size(free_bytes(store))} free" if store.folder.is_local else ""
    Terminal().print(f"Disk: about {disk_size(need)}{there}, in {store.url}")
