"""Where training starts: random weights, or VGG-16 from a file or from torchvision."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskrnn_core.options import Preset
from tasks.errors import ParameterError

if TYPE_CHECKING:
    from maskrnn_core.networks.weights import Weights

IMAGENET = "imagenet"
"""torchvision's VGG16_Weights.IMAGENET1K_V1, downloaded by torchvision unless it is cached."""


def starting_digest(initial: str) -> str:
    """Identity of starting weights, for the parent's key.

    Args:
        initial: "imagenet", or a file with a state_dict of torchvision's VGG-16 (.pth, .pt or
            .safetensors).

    Raises:
        ParameterError: the file is missing.
    """
    if initial == IMAGENET:
        return "torchvision:VGG16_Weights.IMAGENET1K_V1"
    try:
        with Path(initial).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ParameterError(
            f"cannot read the initial weights {initial} ({error.strerror}); give a file with a "
            f"state_dict of torchvision's VGG-16, or {IMAGENET!r}"
        ) from None


def start_from_vgg16(initial: str, preset: Preset) -> "Weights":
    """Weights of the preset's network with both streams filled from VGG-16.

    Raises:
        ParameterError: a file that holds no state_dict.
        IncompatibleWeightsError: other keys or shapes, such as for another width than 1.0.
    """
    import torch

    from maskrnn_core.networks import build_network, weights_of
    from maskrnn_core.networks.weights import load_vgg16

    if preset.network is None:
        raise ParameterError(f"preset {preset.name} has no network that weights could start")
    torch.manual_seed(preset.static.seed if preset.static is not None else 0)
    network = build_network(preset.network)
    load_vgg16(network, _vgg16_state(initial))
    return weights_of(network)


def _vgg16_state(initial: str) -> Any:
    if initial == IMAGENET:
        from torchvision.models import VGG16_Weights

        return VGG16_Weights.IMAGENET1K_V1.get_state_dict(progress=False, check_hash=True)
    try:
        if initial.endswith(".safetensors"):
            from safetensors.torch import load_file

            return load_file(initial)
        import torch

        return torch.load(initial, map_location="cpu", weights_only=True)
    except Exception as error:  # each format has errors of its own
        raise ParameterError(
            f"{initial} holds no weights that can be read ({type(error).__name__}: {error}); give "
            "a state_dict saved by torch.save, or a .safetensors file"
        ) from None
