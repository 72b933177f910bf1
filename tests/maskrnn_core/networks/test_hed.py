"""Converted weights of HED give the published features, but for one scale per layer."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional

from maskrnn_core.networks.hed import (
    ACTIVATION_RMS,
    CAFFE_MEAN_BGR,
    hed_layers,
    vgg16_of_hed,
)
from maskrnn_core.networks.inputs import IMAGENET_MEAN, IMAGENET_STD
from maskrnn_core.networks.weights import VGG16_CONVOLUTIONS


@pytest.fixture(scope="module")
def arrays() -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(3)
    found = {}
    for layer, shape in hed_layers():
        scale = (2 / np.prod(shape[:3])) ** 0.5
        found[f"{layer}/vars/0"] = rng.normal(0, scale, shape).astype(np.float32)
        found[f"{layer}/vars/1"] = rng.normal(0, 0.1, shape[3]).astype(np.float32)
    return found


def _features(
    image: torch.Tensor, layers: list[tuple[torch.Tensor, torch.Tensor]]
) -> list[torch.Tensor]:
    """Activations of all convolutions; without padding, whose colour differs between the two."""
    activations = []
    for weight, bias in layers:
        image = functional.relu(functional.conv2d(image, weight.double(), bias.double()))
        activations.append(image)
    return activations


def test_features_are_those_of_hed_up_to_one_scale_per_layer(
    arrays: dict[str, NDArray[np.float32]],
) -> None:
    rgb = np.random.default_rng(4).integers(0, 256, (28, 28, 3)).astype(np.float64)
    caffe = torch.from_numpy(rgb[..., ::-1] - np.array(CAFFE_MEAN_BGR)).permute(2, 0, 1)[None]
    ours = torch.from_numpy((rgb / 255 - np.array(IMAGENET_MEAN)) / np.array(IMAGENET_STD))
    published = [
        (
            torch.from_numpy(arrays[f"{layer}/vars/0"].transpose(3, 2, 0, 1).copy()),
            torch.from_numpy(arrays[f"{layer}/vars/1"]),
        )
        for layer, _ in hed_layers()
    ]
    state = {name: torch.from_numpy(value) for name, value in vgg16_of_hed(arrays).items()}
    converted = [
        (state[f"features.{n}.weight"], state[f"features.{n}.bias"]) for n in VGG16_CONVOLUTIONS
    ]
    expected = _features(caffe, published)
    found = _features(ours.permute(2, 0, 1)[None], converted)
    for index, rms in enumerate(ACTIVATION_RMS):
        assert float(expected[index].abs().max()) > 0
        torch.testing.assert_close(found[index] * rms, expected[index], rtol=1e-4, atol=1e-3)
