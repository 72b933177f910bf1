"""A run that needs more memory than its workers have is refused before it starts."""

from collections.abc import Iterator

from flows.configurations import all_configurations
from flows.parameters import STAGES, BenchmarkParameters
from flows.run_plan import plan_run
from flows.space_check import unit_of
from storage.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.memory_needed import memory_needed, offline_memory
from tasks.resources import Machine, plan_workers, this_machine
from tasks.space_needed import VideoExtent

Need = tuple[str, str, int, int]
"""Kind of unit, preset, bytes that it takes, units of this kind that run at the same time."""


def check_memory(parameters: BenchmarkParameters, extent: VideoExtent) -> None:
    """Compare what units will take with the memory of this machine's workers.

    Of other machines, and of GPUs, the memory is not known before they are at work.

    Args:
        parameters: of the run.
        extent: of its videos.

    Raises:
        ParameterError: a unit does not fit; names need, what there is, and the cure.
    """
    machine = this_machine()
    elsewhere = parameters.dask_address is not None or parameters.cluster is not None
    if elsewhere or machine.gpus:
        return
    workers = len(plan_workers(machine, parameters.workers))
    beyond = [n for n in needs(parameters, extent, workers) if n[2] * n[3] > machine.memory]
    if not beyond:
        return
    # What is there already need not be computed; to know it, the data set is read.
    planned = plan_run(parameters, ArtifactStore(parameters.store)).stages
    computed = {unit_of(stage) for stage in planned if stage.fate in ("computed", "unknown")}
    for need in beyond:
        if need[:2] in computed:
            raise _refusal(need, machine, extent)


def needs(parameters: BenchmarkParameters, extent: VideoExtent, workers: int) -> Iterator[Need]:
    """What the units of a run take that run a network.

    Args:
        parameters: of the run.
        extent: of its videos.
        workers: units that run at the same time; training runs alone.
    """
    reaches = STAGES.index(parameters.until)
    for configuration in all_configurations(parameters):
        preset = configuration.preset
        if preset.network is None:
            continue
        if reaches >= STAGES.index("train") and parameters.parent is None:
            size = offline_memory(preset, extent.size)
            yield "train", preset.name, size, configuration.compute.processes
        if reaches >= STAGES.index("segment"):
            if preset.finetune is not None:
                size = memory_needed("finetune", preset, extent.size)
                yield "finetune", preset.name, size, workers
            size = memory_needed("segment", preset, extent.size, extent.objects)
            yield "segment", preset.name, size, workers


def _refusal(need: Need, machine: Machine, extent: VideoExtent) -> ParameterError:
    unit, preset, size, at_once = need
    height, width = extent.size
    fitting = machine.memory // size
    cure = f"--workers {fitting}" if unit != "train" and fitting else "a lower --resolution"
    others = f", {at_once} of them at once" if at_once > 1 else ""
    return ParameterError(
        f"{unit} by {preset} needs about {size / 1e9:.1f} GB of memory for frames of "
        f"{height}x{width}{others}, and this machine has {machine.memory / 1e9:.1f} GB: take "
        f"{cure}, a preset with a smaller network, or workers elsewhere (--dask-address); --force "
        "tries all the same"
    )
