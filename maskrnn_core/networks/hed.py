"""The VGG-16 trunk of HED (Xie and Tu, 2015), brought to the conventions of torchvision's VGG-16.

HED starts from ImageNet weights and is retrained for edges. Its convolutions read BGR in 0..255
minus Caffe's mean; those of torchvision read RGB, normalised.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.errors import IncompatibleWeightsError
from maskrnn_core.network_shape import vgg_channels
from maskrnn_core.networks.inputs import IMAGENET_MEAN, IMAGENET_STD
from maskrnn_core.networks.weights import VGG16_CONVOLUTIONS

CAFFE_MEAN_BGR = (104.00699, 116.66877, 122.67892)

ACTIVATION_RMS = (33.0, 59.0, 45.0, 24.0, 19.0, 16.0, 10.0, 8.5, 6.2, 3.0, 4.5, 4.4, 9.1)
"""Root mean square of the trunk's thirteen activations, after ReLU, on frames of DAVIS-2016."""


def hed_layers() -> list[tuple[str, tuple[int, int, int, int]]]:
    """Name in the Keras layout and kernel shape (H, W, I, O) of the thirteen convolutions."""
    layers: list[tuple[str, tuple[int, int, int, int]]] = []
    channels = 3
    for block, stage in enumerate(vgg_channels(1.0), start=1):
        for index, out in enumerate(stage):
            suffix = f"_{index}" if index else ""
            layers.append((f"block{block}/layers/conv2d{suffix}", (3, 3, channels, out)))
            channels = out
    return layers


def vgg16_of_hed(arrays: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """Convert HED's convolutions to the names and conventions of torchvision's `vgg16`.

    Each layer's activations are divided by their root mean square on DAVIS frames. ReLU and max
    pooling commute with that, so every feature keeps its meaning; layers of one magnitude can be
    trained at one learning rate. The published activations differ by a factor of 20.

    Args:
        arrays: `LAYER/vars/0` (kernel, H, W, I, O) and `LAYER/vars/1` (bias, O) of the layers that
            `hed_layers` names; others are not read.

    Returns:
        `features.N.weight` (O, I, H, W) and `features.N.bias` (O,), float32.

    Raises:
        IncompatibleWeightsError: a layer is missing, has another shape, or values that are not
            finite.
    """
    state: dict[str, NDArray[np.float32]] = {}
    rms_before = 1.0
    for (layer, shape), number, rms in zip(
        hed_layers(), VGG16_CONVOLUTIONS, ACTIVATION_RMS, strict=True
    ):
        kernel = _entry(arrays, f"{layer}/vars/0", shape).transpose(3, 2, 0, 1)
        bias = _entry(arrays, f"{layer}/vars/1", shape[3:])
        if number == 0:
            kernel, bias = _for_normalised_rgb(kernel, bias)
        state[f"features.{number}.weight"] = _float32(kernel * (rms_before / rms))
        state[f"features.{number}.bias"] = _float32(bias / rms)
        rms_before = rms
    return state


def _for_normalised_rgb(
    kernel: NDArray[np.float64], bias: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The first convolution for an input (RGB / 255 - mean) / std."""
    rgb = kernel[:, ::-1]
    shift = 255 * np.array(IMAGENET_MEAN) - np.array(CAFFE_MEAN_BGR[::-1])
    scale = 255 * np.array(IMAGENET_STD)
    shifted = bias + (rgb * shift[:, None, None]).sum(axis=(1, 2, 3))
    return rgb * scale[:, None, None], shifted


def _entry(
    arrays: Mapping[str, NDArray[np.float32]], name: str, shape: tuple[int, ...]
) -> NDArray[np.float64]:
    found = arrays.get(name)
    if found is None or found.shape != shape:
        what = "is missing" if found is None else f"has shape {found.shape}, not {shape}"
        raise IncompatibleWeightsError(
            f"{name} {what}; these are no weights of the HED network in its Keras layout"
        )
    if not np.isfinite(found).all():
        raise IncompatibleWeightsError(f"{name} holds values that are not finite; get it again")
    return found.astype(np.float64)


def _float32(array: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.ascontiguousarray(array, dtype=np.float32)
