"""Refuses, before the start, a run that needs more memory than its workers have."""

from collections.abc import Iterable, Iterator

from flows.plan.parameters import RunFields
from flows.plan.resolved_run import ResolvedRun
from flows.plan.run_plan import plan_run
from flows.plan.space_check import unit_of
from maskrnn_core.options import Preset
from storage.machine_limits import ADDRESS_SPACE, MACHINE
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.machine.memory_needed import memory_needed, offline_memory
from tasks.machine.resources import Machine, plan_workers, this_machine
from tasks.machine.space_needed import VideoExtent

Need = tuple[str, str, int, int]
"""Kind of unit, preset, bytes needed, and how many such units run at the same time."""

_MAPPED = 3 * 2**30
"""Address space that a process reserves for libraries, most of which it never loads."""


def check_memory(run: ResolvedRun, extent: VideoExtent) -> None:
    """Compare the memory that units need with that of this machine's workers.

    The memory of other machines and of GPUs is unknown until they start.

    Args:
        run: the resolved run.
        extent: lengths and sizes of its videos.

    Raises:
        ParameterError: a unit does not fit; states what is needed, available, and what to do.
    """
    machine = local_machine(run.parameters)
    if machine is None:
        return
    workers = len(plan_workers(machine, run.parameters.workers))
    beyond = too_large(needs(run, extent, workers), machine)
    if not beyond:
        return
    # Artifacts in the store need not be computed; finding them requires reading the videos.
    planned = plan_run(run, ArtifactStore(run.parameters.store)).stages
    computed = {unit_of(stage) for stage in planned if stage.fate in ("computed", "unknown")}
    for need in beyond:
        if need[:2] in computed:
            raise refusal(need, machine, extent)


def needs(run: ResolvedRun, extent: VideoExtent, workers: int) -> Iterator[Need]:
    """Yield what the units that use a network need.

    Args:
        run: the resolved run.
        extent: lengths and sizes of its videos.
        workers: how many units run at the same time; training runs alone.
    """
    parameters = run.parameters
    for configuration in run.with_network:
        preset = configuration.preset
        if parameters.reaches("train") and parameters.parent is None:
            size = offline_memory(preset, extent.size)
            yield "train", preset.name, size, configuration.compute.processes
        if parameters.reaches("segment"):
            yield from segmenting_needs(preset, extent, workers)


def segmenting_needs(preset: Preset, extent: VideoExtent, workers: int) -> Iterator[Need]:
    """Yield what finetuning and segmentation need, for a preset that has a network."""
    if preset.finetune is not None:
        yield "finetune", preset.name, memory_needed("finetune", preset, extent.size), workers
    size = memory_needed("segment", preset, extent.size, extent.objects)
    yield "segment", preset.name, size, workers


def local_machine(parameters: RunFields) -> Machine | None:
    """Return this machine if its memory limits the run; None with GPUs or remote workers."""
    machine = this_machine()
    elsewhere = parameters.dask_address is not None or parameters.cluster is not None
    return None if elsewhere or machine.gpus else machine


def too_large(found: Iterable[Need], machine: Machine) -> list[Need]:
    """Return the needs that do not fit when that many units run at once."""
    if machine.memory_source == ADDRESS_SPACE:  # the limit applies to each process
        return [need for need in found if need[2] + _MAPPED > machine.memory]
    return [need for need in found if need[2] * need[3] > machine.memory]


def refusal(need: Need, machine: Machine, extent: VideoExtent) -> ParameterError:
    """Return the error for a need that does not fit."""
    unit, preset, size, at_once = need
    height, width = extent.size
    fitting = machine.memory // size
    others = f", {at_once} of them at once" if at_once > 1 else ""
    there = f"this machine has {machine.memory / 1e9:.1f} GB"
    if machine.memory_source != MACHINE:
        there = f"{machine.memory_source} sets a limit of {machine.memory / 1e9:.1f} GB"
    cure = f"--workers {fitting}" if unit != "train" and fitting else "a lower --resolution"
    if machine.memory_source == ADDRESS_SPACE:
        size, others, cure = size + _MAPPED, " in each process", "a higher limit"
    return ParameterError(
        f"{unit} by {preset} needs about {size / 1e9:.1f} GB of memory for frames of "
        f"{height}x{width}{others}, but {there}: use {cure}, a preset with a smaller network, or "
        "workers elsewhere (--dask-address); --force starts the run anyway"
    )
