"""Weights as numpy arrays, and loading of torchvision's VGG-16 into both streams."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from maskrnn_core.errors import IncompatibleWeightsError
from maskrnn_core.networks.maskrnn import MaskRNN
from maskrnn_core.state_mismatch import state_mismatches

Weights = Mapping[str, NDArray[np.float32]]

VGG16_CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
"""Numbers of the convolutions in `features` of torchvision's VGG-16."""
_VGG16_FULLY_CONNECTED = {"fc6": "classifier.0", "fc7": "classifier.3"}


def weights_of(network: MaskRNN) -> dict[str, NDArray[np.float32]]:
    """Copies of all parameters and constants in float32, by their state_dict names."""
    return {
        name: value.detach().float().cpu().contiguous().numpy().copy()
        for name, value in network.state_dict().items()
    }


def load_weights(network: MaskRNN, weights: Weights) -> None:
    """Load the weights into the network in place.

    Raises:
        IncompatibleWeightsError: keys or shapes belong to another network, or values are not
            finite. The message names the first ones. The network is then unchanged.
    """
    problems = state_mismatches(network.state_dict(), weights)
    problems += [
        f"{name} holds values that are not finite"
        for name, value in weights.items()
        if not np.isfinite(value).all()
    ]
    if problems:
        raise IncompatibleWeightsError(
            f"weights do not fit this network ({len(problems)} problems): "
            + "; ".join(problems[:5])
            + "; use the network options that the weights were trained with"
        )
    network.load_state_dict({name: torch.from_numpy(np.array(v)) for name, v in weights.items()})


def load_vgg16(network: MaskRNN, state: Mapping[str, Tensor]) -> None:
    """Load torchvision's VGG-16 into both streams, and into fc6 and fc7 if they are 4096 wide.

    The mask channel of the appearance stream becomes zero. The motion stream uses the RGB
    convolution unchanged.

    Args:
        network: width 1.0, norm "none".
        state: state_dict of `torchvision.models.vgg16`, with or without its classifier.

    Raises:
        IncompatibleWeightsError: a key is missing, or a shape is another one.
    """
    with torch.no_grad():
        for stream in network.streams:
            convolutions = stream.vgg.convolutions()
            for index, convolution in zip(VGG16_CONVOLUTIONS, convolutions, strict=True):
                source = _entry(state, f"features.{index}.weight")
                target = convolution.weight[:, : source.shape[1]]
                if convolution.bias is None or target.shape != source.shape:
                    raise IncompatibleWeightsError(
                        f"features.{index}.weight has shape {tuple(source.shape)}, not "
                        f"{tuple(target.shape)}; VGG-16 weights need network.width=1, "
                        "network.norm=none, and a mask or no flow stream"
                    )
                convolution.weight.zero_()
                target.copy_(source)
                convolution.bias.copy_(_entry(state, f"features.{index}.bias"))
        _load_classifier(network, state)


def _load_classifier(network: MaskRNN, state: Mapping[str, Tensor]) -> None:
    if network.localization is None or "classifier.0.weight" not in state:
        return
    for name, key in _VGG16_FULLY_CONNECTED.items():
        layer = getattr(network.localization, name)
        source = _entry(state, f"{key}.weight")
        if layer.weight.shape != source.shape:
            return  # a narrower localization net keeps its own initialisation
        layer.weight.copy_(source)
        layer.bias.copy_(_entry(state, f"{key}.bias"))


def _entry(state: Mapping[str, Tensor], key: str) -> Tensor:
    try:
        return state[key]
    except KeyError:
        raise IncompatibleWeightsError(
            f"{key} is missing; give a state_dict of torchvision's vgg16"
        ) from None
