"""Frames of any size, both directions, batches, precision and bad input."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.flownet2 import FlowNet2C, FlowNet2CS, FlowNet2S, FlowNetwork
from maskrnn_core.optical_flow.flownet2.pairs import FramePairs


@pytest.fixture(scope="module")
def network() -> FlowNetwork:
    torch.manual_seed(3)
    return FlowNet2C().eval().requires_grad_(False)


def _frames(batch: int, height: int, width: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(height * width)
    first = torch.rand(batch, 3, height, width, generator=generator) * 255
    return first, first.roll((1, 2), (2, 3)) * 0.9


@pytest.mark.parametrize("size", [(64, 64), (1, 1), (1, 80), (70, 50), (65, 128)])
def test_frames_of_any_size(network: FlowNetwork, size: tuple[int, int]) -> None:
    flow = network(*_frames(1, *size))
    assert flow.shape == (1, 2, *size)
    assert flow.dtype == torch.float32
    assert torch.isfinite(flow).all()


def test_flow_is_scaled_back_along_each_axis(network: FlowNetwork) -> None:
    first, second = _frames(1, 40, 100)
    flow = network(first, second)
    large = [F.interpolate(frame, size=(64, 128), mode="bilinear") for frame in (first, second)]
    wanted = F.interpolate(network(*large), size=(40, 100), mode="bilinear")
    torch.testing.assert_close(flow[:, 0], wanted[:, 0] * (100 / 128))
    torch.testing.assert_close(flow[:, 1], wanted[:, 1] * (40 / 64))


def test_both_directions_equal_two_passes_and_encode_each_frame_once(
    network: FlowNet2C, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = _frames(2, 64, 128)
    wanted = network(first, second), network(second, first)
    seen: list[int] = []
    encode: Any = network.conv1.forward

    def counting(inputs: Tensor) -> Tensor:
        seen.append(len(inputs))
        result: Tensor = encode(inputs)
        return result

    monkeypatch.setattr(network.conv1, "forward", counting)
    forward, backward = network.both(first, second)
    assert seen == [4]
    torch.testing.assert_close(forward, wanted[0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(backward, wanted[1], rtol=1e-4, atol=1e-4)


def test_pairs_of_a_batch_do_not_see_one_another(network: FlowNetwork) -> None:
    first, second = _frames(2, 64, 64)
    first[1] *= 0.2
    alone = network(first[:1], second[:1])
    torch.testing.assert_close(network(first, second)[:1], alone, rtol=1e-4, atol=1e-4)


def test_the_mean_is_that_of_the_pair() -> None:
    first, second = torch.full((1, 3, 64, 64), 100.0), torch.full((1, 3, 64, 64), 200.0)
    pairs = FramePairs.normalized(first, second, both=False)
    torch.testing.assert_close(pairs.first, torch.full_like(first, -50 / 255))
    torch.testing.assert_close(pairs.second, torch.full_like(first, 50 / 255))
    swapped = FramePairs.normalized(first, second, both=True)
    assert torch.equal(swapped.first, swapped.second.roll(1, 0))


def test_bfloat16_weights_move_the_flow_by_little() -> None:
    torch.manual_seed(4)
    network = FlowNet2S().eval().requires_grad_(False)
    frames = _frames(1, 64, 64)
    exact = network(*frames)
    rough = network.to(torch.bfloat16)(*frames)
    assert rough.dtype == torch.float32
    assert (rough - exact).abs().mean() < 0.05 * exact.abs().mean() + 0.02


def test_the_network_can_be_trained() -> None:
    torch.manual_seed(5)
    network = FlowNet2C()
    flow = network(*_frames(1, 64, 64))
    gradients = torch.autograd.grad(flow.square().mean(), list(network.parameters()))
    for (name, _), gradient in zip(network.named_parameters(), gradients, strict=True):
        assert torch.isfinite(gradient).all(), name
        assert gradient.any(), name


def test_the_border_of_the_warps_is_an_option() -> None:
    with torch.device("meta"):
        network = FlowNet2CS(border="zeros", align_corners=True)
    assert network.border == "zeros"
    assert network.align_corners
    pairs = FramePairs.normalized(*_frames(1, 64, 64), both=False)
    far = torch.full((1, 2, 64, 64), 1e4)
    assert (network._stacked_input(pairs, far)[:, 6:9] == 0).all()
    network.border = "clamp"
    assert (network._stacked_input(pairs, far)[:, 6:9] != 0).any()
    wrong: Any = "wrap"
    with pytest.raises(InvalidInputError, match="border 'wrap' is unknown"):
        FlowNet2CS(border=wrong)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ((1, 3, 64, 64), (1, 3, 64, 65), "of one shape"),
        ((1, 1, 64, 64), (1, 1, 64, 64), "of one shape"),
        ((3, 64, 64), (3, 64, 64), "of one shape"),
        ((1, 3, 0, 64), (1, 3, 0, 64), "have no pixels"),
    ],
)
def test_bad_shapes_are_refused(
    network: FlowNetwork, first: tuple[int, ...], second: tuple[int, ...], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        network(torch.zeros(first), torch.zeros(second))


def test_integer_frames_are_refused(network: FlowNetwork) -> None:
    frame = torch.zeros(1, 3, 64, 64, dtype=torch.uint8)
    with pytest.raises(InvalidInputError, match="floating point"):
        network(frame, frame)
