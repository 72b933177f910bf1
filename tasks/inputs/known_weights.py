"""Weights that MaskRNN knows by name: what they are, where they come from, where they lie."""

from dataclasses import dataclass
from pathlib import Path

from tasks.errors import ParameterError
from tasks.inputs.flow_method import known_estimators
from tasks.inputs.flow_weights import find_weights
from tasks.inputs.hed_weights import REQUIREMENT, WHEEL_SHA256, get_hed_trunk
from tasks.inputs.trunk_weights import VGG16, VGG16_HED, find_trunk

_TORCHVISION_VGG16 = "torchvision VGG16_Weights.IMAGENET1K_V1"


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
    """Trunks for `--initial-weights`, then networks for `--flow`."""
    trunks = [
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
    ]
    return trunks + [_flow_network(name) for name in _flow_networks()]


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
    if name not in (VGG16, VGG16_HED):
        known = f"known are {VGG16} and {VGG16_HED}"
        if name in _flow_networks():
            known = "docs/optical-flow.md tells where flow weights are published"
        raise ParameterError(f"no command gets the weights {name!r}; {known}")
    found = find_trunk(name)
    if found is not None:
        return found
    return get_hed_trunk() if name == VGG16_HED else _get_vgg16()


def _get_vgg16() -> Path:
    """torchvision's file, in torch's cache."""
    from torchvision.models import VGG16_Weights

    try:
        VGG16_Weights.IMAGENET1K_V1.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise ParameterError(
            f"{_TORCHVISION_VGG16} cannot be fetched ({error}); check the connection, or put the "
            f"file {VGG16}.pth into the weights folder; {VGG16_HED} comes from the package index"
        ) from None
    found = find_trunk(VGG16)
    if found is None:
        raise ParameterError(
            f"torchvision kept {_TORCHVISION_VGG16} in a cache that is not looked into; set "
            "TORCH_HOME to the folder of torch's cache"
        )
    return found


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
