"""Weights that MaskRNN knows by name: what they are, where they come from, where they lie."""

from dataclasses import dataclass
from pathlib import Path

from tasks.errors import ParameterError
from tasks.inputs.detector_weights import MASKRCNN, find_detector
from tasks.inputs.flow_method import known_estimators
from tasks.inputs.flow_weights import find_weights
from tasks.inputs.hed_weights import REQUIREMENT, WHEEL_SHA256, get_hed_trunk
from tasks.inputs.trunk_weights import VGG16, VGG16_HED, find_trunk

_TORCHVISION_VGG16 = "torchvision VGG16_Weights.IMAGENET1K_V1"
_TORCHVISION_MASKRCNN = "torchvision MaskRCNN_ResNet50_FPN_V2_Weights.COCO_V1"
_GOT = (VGG16, VGG16_HED, MASKRCNN)
"""Those that a command gets."""


@dataclass(frozen=True)
class KnownWeights:
    """One row of `maskrnn weights list`."""

    name: str
    what: str
    source: str
    size: str
    terms: str
    digest: str
    """Start of the sha256 that the source must have; empty where none is demanded."""
    file: Path | None
    """Where they lie on this machine; None where they are not."""


def known_weights() -> list[KnownWeights]:
    """Trunks for `--initial-weights`, the detector of instances, then networks for `--flow`."""
    known = [
        KnownWeights(
            VGG16,
            "VGG-16 trained on ImageNet",
            _TORCHVISION_VGG16,
            "528 MB",
            "BSD-3-Clause; ImageNet's terms of use",
            "397923af",
            find_trunk(VGG16),
        ),
        KnownWeights(
            VGG16_HED,
            "convolutions of VGG-16 from ImageNet, retrained for edges (HED)",
            f"{REQUIREMENT} of the package index",
            "55 MB, 59 MB when converted",
            "MIT; BSDS500, which it was trained on, is for research",
            WHEEL_SHA256[:8],
            find_trunk(VGG16_HED),
        ),
        KnownWeights(
            MASKRCNN,
            "Mask R-CNN trained on COCO, which finds object instances",
            _TORCHVISION_MASKRCNN,
            "177 MB",
            "BSD-3-Clause; COCO's terms of use",
            "73cbd019",
            find_detector(),
        ),
    ]
    return known + [_flow_network(name) for name in _flow_networks()]


def get_weights(name: str) -> Path:
    """Get weights, unless they are here.

    Returns:
        Their file.

    Raises:
        ParameterError: unknown weights, weights that cannot be got by a command, or a source that
            cannot be reached or gives another file.
        IncompatibleWeightsError: a file of another layout.
        StoreAccessError: the weights folder cannot be written.
    """
    if name not in _GOT:
        known = f"known are {', '.join(_GOT[:-1])} and {_GOT[-1]}"
        if name in _flow_networks():
            known = "docs/optical-flow.md tells where flow weights are published"
        raise ParameterError(f"no command gets the weights {name!r}; {known}")
    found = _found(name)
    if found is not None:
        return found
    return get_hed_trunk() if name == VGG16_HED else _from_torchvision(name)


def _found(name: str) -> Path | None:
    return find_detector() if name == MASKRCNN else find_trunk(name)


def _from_torchvision(name: str) -> Path:
    """torchvision's file, in torch's cache."""
    source = _TORCHVISION_MASKRCNN if name == MASKRCNN else _TORCHVISION_VGG16
    hint = f"; {VGG16_HED} comes from the package index" if name == VGG16 else ""
    try:
        _fetch(name)
    except (OSError, RuntimeError) as error:
        raise ParameterError(
            f"{source} cannot be fetched ({error}); check the connection, or put the file "
            f"{name}.pth into the weights folder{hint}"
        ) from None
    found = _found(name)
    if found is None:
        raise ParameterError(
            f"torchvision kept {source} in a cache that is not looked into; set TORCH_HOME to the "
            "folder of torch's cache"
        )
    return found


def _fetch(name: str) -> None:
    from torchvision.models import VGG16_Weights
    from torchvision.models.detection import MaskRCNN_ResNet50_FPN_V2_Weights as MaskRCNNWeights

    if name == MASKRCNN:
        MaskRCNNWeights.COCO_V1.get_state_dict(progress=False, check_hash=True)
    else:
        VGG16_Weights.IMAGENET1K_V1.get_state_dict(progress=False, check_hash=True)


def _flow_networks() -> list[str]:
    return [name for name, is_network in known_estimators().items() if is_network]


def _flow_network(name: str) -> KnownWeights:
    is_raft = name.startswith("raft")
    return KnownWeights(
        name,
        f"optical flow, {name}",
        "torchvision" if is_raft else "the authors' PyTorch version; see docs/optical-flow.md",
        "",
        "BSD-3-Clause; data for research" if is_raft else "for research",
        "",
        find_weights(name),
    )
