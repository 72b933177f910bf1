"""What this machine offers: devices, libraries, flow estimators and their weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from maskrnn_core.optical_flow.registry import estimator_entry
from tasks.inputs.flow_method import known_estimators
from tasks.inputs.flow_weights import WEIGHTS_FOLDER, find_weights, weight_folders
from tasks.machine.resources import this_machine


@dataclass(frozen=True)
class MachineReport:
    """Facts by name, weights per estimator, and the folders in which they are looked for."""

    facts: Mapping[str, str]
    estimators: Mapping[str, str]
    folders: Sequence[str]


def machine_report() -> MachineReport:
    """Look at this machine; loads torch and OpenCV, fetches nothing."""
    import cv2
    import torch

    from maskrnn_core.compute import resolve_compute
    from maskrnn_core.options import ComputeOptions

    compute = resolve_compute(ComputeOptions())
    machine = this_machine()
    device = str(compute.device)
    if compute.device.type == "cuda":
        device += f" ({torch.cuda.get_device_name(compute.device)})"
    facts = {
        "maskrnn": version("maskrnn"),
        "torch": f"{torch.__version__}, device {device}",
        "precision of networks": "bfloat16" if compute.bfloat16 else "float32",
        "OpenCV": cv2.__version__,
        "cores": str(machine.cores),
        "memory": f"{machine.memory / 2**30:.0f} GiB",
    }
    estimators = {
        name: _weights(name) if needed else "none needed"
        for name, needed in known_estimators().items()
    }
    folders = [
        f"{folder}{'' if folder.is_dir() else ' (not there)'}" for folder in weight_folders()
    ]
    hint = f"the folder in ${WEIGHTS_FOLDER} (not set)"
    return MachineReport(facts, estimators, folders if len(folders) > 2 else [hint, *folders])


def _weights(name: str) -> str:
    file = find_weights(name)
    if file is not None:
        return str(file)
    if estimator_entry(name).downloadable:
        return "not here; torchvision fetches them, or --flow-weights FILE"
    return "not here; give --flow-weights FILE"
