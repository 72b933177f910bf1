"""Public checkpoints, wrong variants, damaged weights."""

import io

import pytest
import torch
from torch import Tensor

from maskrnn_core.errors import IncompatibleWeightsError, InvalidInputError
from maskrnn_core.optical_flow.flownet2.checkpoint import flownet2_from_weights, load_flownet2
from maskrnn_core.optical_flow.flownet2.variants import VARIANTS, weight_shapes


def _weights(variant: str, *, bias: bool = False) -> dict[str, Tensor]:
    """Constant weights that take no memory: one number, repeated."""
    return {
        key: torch.full((), 0.01).expand(shape)
        for key, shape in weight_shapes(variant, bias).items()
    }


def _saved(content: object, *, zipped: bool = True) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream, _use_new_zipfile_serialization=zipped)
    return stream.getvalue()


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_the_variant_follows_from_the_keys(variant: str) -> None:
    network = flownet2_from_weights(_weights(variant))
    assert type(network).__name__ == variant
    assert not network.training


@pytest.mark.parametrize("zipped", [True, False])
def test_a_public_checkpoint_is_read(zipped: bool) -> None:
    content = {"epoch": 1, "state_dict": _weights("FlowNet2S"), "best_EPE": 1.5}
    data = _saved(content, zipped=zipped)
    for source in (data, io.BytesIO(data)):
        network = load_flownet2(source, variant="FlowNet2S", align_corners=True, border="zeros")
        assert type(network).__name__ == "FlowNet2S"
        assert network.align_corners
        assert network.border == "zeros"


def test_the_prefix_of_parallel_training_is_taken_off() -> None:
    weights = {f"module.{key}": value for key, value in _weights("FlowNet2SD").items()}
    assert type(load_flownet2(_saved(weights))).__name__ == "FlowNet2SD"


def test_biases_of_the_original_networks_are_taken() -> None:
    weights = _weights("FlowNet2CS", bias=True)
    assert "flownets_1.upsampled_flow6_to_5.bias" in weights
    network = flownet2_from_weights(weights)
    assert network.state_dict().keys() == weights.keys()


def test_the_wrong_variant_is_refused() -> None:
    with pytest.raises(IncompatibleWeightsError, match="belong to FlowNet2S, not to FlowNet2C:"):
        flownet2_from_weights(_weights("FlowNet2S"), variant="FlowNet2C")
    with pytest.raises(InvalidInputError, match="unknown FlowNet2 variant 'FlowNet3'"):
        flownet2_from_weights(_weights("FlowNet2S"), variant="FlowNet3")


def test_changed_weights_are_refused_by_name() -> None:
    weights = _weights("FlowNet2SD")
    del weights["conv0.0.bias"]
    weights["conv7.0.weight"] = torch.zeros(1)
    weights["conv1.0.bias"] = torch.zeros(5)
    with pytest.raises(IncompatibleWeightsError) as caught:
        flownet2_from_weights(weights)
    message = str(caught.value)
    assert "nearest is FlowNet2SD" in message
    assert "1 keys missing (conv0.0.bias)" in message
    assert "1 keys unknown (conv7.0.weight)" in message
    assert "conv1.0.bias (5,), not (64,)" in message
    with pytest.raises(IncompatibleWeightsError, match="do not fit FlowNet2C: "):
        flownet2_from_weights(weights, variant="FlowNet2C")


def test_weights_that_are_not_finite_are_refused() -> None:
    weights = _weights("FlowNet2S")
    weights["conv3.0.bias"] = torch.full((256,), float("nan"))
    with pytest.raises(IncompatibleWeightsError, match=r"conv3\.0\.bias has values that are not"):
        flownet2_from_weights(weights)
