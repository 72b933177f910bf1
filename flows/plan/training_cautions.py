"""States what speaks against a training that a run is about to start."""

from flows.plan.memory_check import local_machine
from flows.plan.resolved_run import ResolvedRun
from maskrnn_core.options import Preset


def training_cautions(run: ResolvedRun) -> list[str]:
    """Return a sentence for each reason why the parents of a run will be poor or take very long.

    Args:
        run: the resolved run; it trains its parents now.
    """
    presets = [training.configuration.preset for training in run.trainings]
    found = []
    if run.parameters.initial_weights is None and (
        wanting := [preset for preset in presets if preset.wants_weights]
    ):
        found.append(
            f"{_names(wanting)} is made for pretrained weights and now starts from random ones, "
            "which gives poor results: stop, get weights with `maskrnn weights get vgg16` and add "
            "--initial-weights vgg16, or use the preset scratch"
        )
    on_cpu = local_machine(run.parameters) is not None
    if (
        on_cpu
        and run.main.compute.device in ("auto", "cpu")
        and (wide := list(filter(_is_wide, presets)))
    ):
        found.append(
            f"{_names(wide)} has a network as wide as VGG-16, and this machine has no GPU: "
            "training takes very long. Use the preset small, name a parent with --parent, or use "
            "workers with a GPU (--dask-address)"
        )
    return found


def _is_wide(preset: Preset) -> bool:
    return preset.network is not None and preset.network.width >= 1.0


def _names(presets: list[Preset]) -> str:
    return f"preset {', '.join(preset.name for preset in presets)}"
