"""Reports what this machine offers: devices, limits, libraries, flow estimators and weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from maskrnn_core.optical_flow.registry import estimator_entry
from storage.machine_limits import address_space_cure, core_limit, memory_limit
from tasks.dask_bridge.unit_run import describe
from tasks.inputs.flow_method import known_estimators
from tasks.inputs.flow_weights import WEIGHTS_FOLDER, find_weights, weight_folders
from tasks.inputs.trackers import tracker_packages

_BROKEN = "a library cannot be loaded"


@dataclass(frozen=True)
class MachineReport:
    """What the machine offers.

    Args:
        facts: values by name.
        usable: whether all libraries can be loaded.
        estimators: state of the weights per estimator of optical flow.
        folders: where weights are searched for.
    """

    facts: Mapping[str, str]
    usable: bool
    estimators: Mapping[str, str]
    folders: Sequence[str]


def machine_report() -> MachineReport:
    """Inspect this machine; this loads torch and OpenCV and downloads nothing."""
    cores, memory = core_limit(), memory_limit()
    facts = {
        "maskrnn": version("maskrnn"),
        "cores": f"{cores.amount:g} ({cores.source})",
        "memory": f"{memory.amount / 2**30:.1f} GiB ({memory.source})",
        **_libraries(),
        "trackers of other packages": _trackers(),
    }
    estimators = {
        name: _weights(name) if needed else "none needed"
        for name, needed in known_estimators().items()
    }
    folders = [
        f"{folder}{'' if folder.is_dir() else ' (not there)'}" for folder in weight_folders()
    ]
    hint = f"the folder in ${WEIGHTS_FOLDER} (not set)"
    usable = _BROKEN not in facts
    return MachineReport(
        facts, usable, estimators, folders if len(folders) > 2 else [hint, *folders]
    )


def _trackers() -> str:
    found = tracker_packages()
    return ", ".join(f"{name} ({package})" for name, package in found.items()) or "none"


def _libraries() -> dict[str, str]:
    """Return versions and device, or why a library cannot be loaded."""
    try:
        import cv2
        import torch

        from maskrnn_core.compute import resolve_compute
        from maskrnn_core.options import ComputeOptions

        compute = resolve_compute(ComputeOptions())
    except (ImportError, OSError, MemoryError) as error:
        return {_BROKEN: f"{describe(error)}; {address_space_cure() or 'install it again'}"}
    device = str(compute.device)
    if compute.device.type == "cuda":
        device += f" ({torch.cuda.get_device_name(compute.device)})"
    return {
        "torch": f"{torch.__version__}, device {device}",
        "precision of networks": "bfloat16" if compute.bfloat16 else "float32",
        "OpenCV": cv2.__version__,
    }


def _weights(name: str) -> str:
    file = find_weights(name)
    if file is not None:
        return str(file)
    if estimator_entry(name).downloadable:
        return "not here; torchvision fetches them, or --flow-weights FILE"
    return "not here; give --flow-weights FILE"
