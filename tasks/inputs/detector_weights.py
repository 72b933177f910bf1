"""Weights of the detector that finds object instances. This package contains none."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from maskrnn_core.options import ComputeOptions, Preset
from tasks.errors import ParameterError
from tasks.inputs.flow_weights import first_file

if TYPE_CHECKING:
    from maskrnn_core.networks.instance_detector import InstanceDetector

MASKRCNN = "maskrcnn"
DETECTOR_FILES = (
    "maskrcnn.safetensors",
    "maskrcnn.pth",
    "maskrcnn_resnet50_fpn_v2_coco-73cbd019.pth",
)
"""Names of files: the detector's own name, or that under which torchvision caches it."""


def find_detector() -> Path | None:
    """The first file with the weights of the detector; None when there is none."""
    return first_file(DETECTOR_FILES)


def detector_digest() -> str:
    """Return the sha256 of the detector's file, for the keys of what it guides.

    Raises:
        ParameterError: there is none, or it cannot be read.
    """
    file = _detector_file()
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise ParameterError(
            f"cannot read {file} ({error.strerror}); get it again with "
            f"`maskrnn weights get {MASKRCNN}`"
        ) from None


def detector_for(preset: Preset, compute: ComputeOptions) -> "InstanceDetector | None":
    """Return the detector of a preset that is guided by instances; None for other presets.

    Raises:
        ParameterError: the file is missing here, is another one than in the run's key, or holds no
            weights.
        IncompatibleWeightsError: weights of another network.
    """
    instances = preset.inference.instances
    if instances is None or preset.network is None:
        return None
    found, file = detector_digest(), _detector_file()
    if preset.detector is not None and found != preset.detector:
        raise ParameterError(
            f"{file} has the sha256 {found[:12]}, but the run began with {preset.detector[:12]}; "
            "put the same file into the weights folder of every machine, or start a new run"
        )
    from maskrnn_core.compute import resolve_compute
    from maskrnn_core.networks.instance_detector import InstanceDetector
    from tasks.inputs.weight_states import read_state

    state = read_state(str(file))
    return InstanceDetector(
        state, resolve_compute(compute), instances.least_score, instances.short_side
    )


def _detector_file() -> Path:
    file = find_detector()
    if file is None:
        raise ParameterError(
            f"the weights {MASKRCNN}, which find object instances, are not on this machine: get "
            f"them with `maskrnn weights get {MASKRCNN}`, or set inference.instances=none"
        )
    return file
