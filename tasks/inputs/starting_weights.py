"""Chooses where training starts: random weights, VGG-16 (file or torchvision), or a parent."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from maskrnn_core.options import Preset
from storage.kinds.checkpoints import PARENTS, load_checkpoint
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.inputs.external_parents import check_parent, obtain_parent
from tasks.inputs.trunk_weights import TRUNK_FILES, trunk_file
from tasks.inputs.weight_states import read_state

if TYPE_CHECKING:
    from maskrnn_core.networks.weights import Weights

IMAGENET = "imagenet"
"""torchvision's VGG16_Weights.IMAGENET1K_V1, downloaded by torchvision unless it is cached."""


def starting_digest(initial: str, store: ArtifactStore) -> str:
    """Return the identity of starting weights, for the parent's key.

    Args:
        initial: "imagenet", the name of a trunk (`vgg16`, `vgg16-hed`), a file with a state_dict of
            torchvision's VGG-16 (.pth, .pt or .safetensors), or a parent of the same network: its
            key, or a .safetensors file of it, which is copied into the store.
        store: where parents are.

    Raises:
        ParameterError: the file or the trunk is missing, or the file holds no weights.
    """
    initial = _file_of(initial)
    if initial == IMAGENET:
        return "torchvision:VGG16_Weights.IMAGENET1K_V1"
    if _is_parent(initial, store):
        return f"parent:{obtain_parent(store, initial)}"
    try:
        with Path(initial).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ParameterError(
            f"cannot read the initial weights {initial} ({error.strerror}); give a file with a "
            f"state_dict of torchvision's VGG-16, {IMAGENET!r}, or a parent of {store.url}"
        ) from None


def check_start(initial: str, store: ArtifactStore, presets: Iterable[Preset]) -> None:
    """Find what is wrong with starting weights before anything runs, but for shapes of VGG-16."""
    initial = _file_of(initial)
    starting_digest(initial, store)
    if _is_parent(initial, store):
        key = obtain_parent(store, initial)
        for preset in presets:
            check_parent(store, key, preset)


def starting_weights(initial: str, preset: Preset, store: ArtifactStore) -> "Weights":
    """Return weights of the preset's network: a parent's, or both streams filled from VGG-16.

    Raises:
        ParameterError: a trunk that is missing, a file that holds no state_dict, or a parent of
            another network.
        IncompatibleWeightsError: other keys or shapes, such as for another width than 1.0.
    """
    if preset.network is None:
        raise ParameterError(f"preset {preset.name} has no network that weights could start")
    initial = _file_of(initial)
    if _is_parent(initial, store):
        key = obtain_parent(store, initial)
        check_parent(store, key, preset)
        return load_checkpoint(store, PARENTS, key)[0]
    import torch

    from maskrnn_core.networks import build_network, weights_of
    from maskrnn_core.networks.weights import load_vgg16

    torch.manual_seed(preset.static.seed if preset.static is not None else 0)
    network = build_network(preset.network)
    load_vgg16(network, _vgg16_state(initial))
    return weights_of(network)


def is_name(initial: str) -> bool:
    """Whether starting weights are given by a name, even if a file has the same name."""
    return initial == IMAGENET or initial in TRUNK_FILES


def _file_of(initial: str) -> str:
    """The file of a trunk that is given by name; what is not the name of a trunk, as it is."""
    return str(trunk_file(initial)) if initial in TRUNK_FILES else initial


def _is_parent(initial: str, store: ArtifactStore) -> bool:
    """Whether it names a parent rather than VGG-16, whose tensors are called features.N.*."""
    path = Path(initial)
    if not path.is_file():
        return "/" not in initial and initial != IMAGENET and store.exists(PARENTS, initial)
    if path.suffix != ".safetensors":
        return False
    try:
        with safe_open(path, framework="np") as file:
            return not any(name.startswith("features.") for name in file.keys())  # noqa: SIM118
    except SafetensorError:
        return True  # the code that loads it reports the fault


def _vgg16_state(initial: str) -> Any:
    if initial == IMAGENET:
        from torchvision.models import VGG16_Weights

        return VGG16_Weights.IMAGENET1K_V1.get_state_dict(progress=False, check_hash=True)
    return read_state(initial)
