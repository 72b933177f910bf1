from dataclasses import replace

import numpy as np
import pytest
import torch

from maskrnn_core.errors import IncompatibleWeightsError
from maskrnn_core.networks import build_network, load_weights, weights_of
from maskrnn_core.networks.weights import load_vgg16
from maskrnn_core.options import NetworkOptions

TINY = NetworkOptions(width=0.125, norm="group", fc_width=16)


def test_weights_travel_through_arrays_unchanged() -> None:
    torch.manual_seed(1)
    first, second = build_network(TINY), build_network(TINY)
    load_weights(second, weights_of(first))
    expected = weights_of(first)
    for name, value in weights_of(second).items():
        np.testing.assert_array_equal(value, expected[name])
    assert "pixel_mean" in expected


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (replace(TINY, width=0.25), r"appearance\.vgg\.stages\.0\.0\.weight has shape"),
        (replace(TINY, head="osvos"), r"appearance\.head\.scores\.0\.weight is missing"),
        (replace(TINY, flow_stream=False), r"motion\.vgg\.stages\.0\.0\.weight is missing"),
        (replace(TINY, norm="none"), r"appearance\.vgg\.stages\.0\.1\.weight is missing"),
    ],
)
def test_weights_of_another_network_are_refused(other: NetworkOptions, message: str) -> None:
    weights = weights_of(build_network(other))
    network = build_network(TINY)
    before = weights_of(network)
    with pytest.raises(IncompatibleWeightsError, match=message):
        load_weights(network, weights)
    for name, value in weights_of(network).items():
        np.testing.assert_array_equal(value, before[name])


def test_weights_that_are_not_finite_are_refused() -> None:
    network = build_network(TINY)
    weights = weights_of(network)
    weights["combine.weight"][0] = np.nan
    with pytest.raises(IncompatibleWeightsError, match=r"combine\.weight.*not finite"):
        load_weights(network, weights)


def test_vgg16_weights_need_full_width() -> None:
    state = {"features.0.weight": torch.zeros(64, 3, 3, 3), "features.0.bias": torch.zeros(64)}
    with pytest.raises(IncompatibleWeightsError, match=r"network\.width=1, "):
        load_vgg16(build_network(TINY), state)


def test_a_foreign_state_dict_is_refused() -> None:
    with pytest.raises(IncompatibleWeightsError, match="torchvision"):
        load_vgg16(build_network(replace(TINY, norm="none")), {"conv1.weight": torch.zeros(1)})
