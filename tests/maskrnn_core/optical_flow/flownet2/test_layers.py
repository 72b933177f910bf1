"""Correlation, warping and channel norm: golden data, oracles, laws and gradients."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.flownet2 import channel_norm, correlation, resample2d
from maskrnn_core.optical_flow.flownet2.blocks import upsample4

_GOLDEN = Path(__file__).resolve().parents[4].parent / "shared" / "golden" / "flownet2"


@pytest.fixture(scope="module")
def golden() -> dict[str, Tensor]:
    if not _GOLDEN.is_dir():
        pytest.skip("the golden data of FlowNet2 is not beside the project")
    with np.load(_GOLDEN / "layers.npz") as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays}


def _random(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(sum(shape)))


def _shifts(first: Tensor, second: Tensor, max_displacement: int, stride: int) -> Tensor:
    """The correlation by its definition, one displacement at a time."""
    radius = max_displacement // stride
    reach = radius * stride
    padded = F.pad(second, (reach, reach, reach, reach))
    height, width = first.shape[2:]
    planes = []
    for dy in range(0, 2 * reach + 1, stride):
        for dx in range(0, 2 * reach + 1, stride):
            moved = padded[:, :, dy : dy + height, dx : dx + width]
            planes.append((first * moved).mean(1))
    return torch.stack(planes, 1)


@pytest.mark.shared
@pytest.mark.parametrize("case", ["", "_wide", "_tall"])
def test_correlation_matches_golden_data(golden: dict[str, Tensor], case: str) -> None:
    volume = correlation(golden[f"correlation{case}_in1"], golden[f"correlation{case}_in2"])
    assert (volume - golden[f"correlation{case}_out"]).abs().max() < 1e-5


@pytest.mark.shared
def test_warp_norm_and_enlargement_match_golden_data(golden: dict[str, Tensor]) -> None:
    warped = resample2d(golden["resample2d_in"], golden["resample2d_flow"])
    assert (warped - golden["resample2d_out"]).abs().max() < 1e-5
    for channels in (2, 3):
        norm = channel_norm(golden[f"channelnorm{channels}_in"])
        assert (norm - golden[f"channelnorm{channels}_out"]).abs().max() < 1e-5
    small = golden["upsample4_in"]
    for result, name in (
        (upsample4(small, "bilinear"), "bilinear"),
        (upsample4(small, "bilinear", align_corners=True), "bilinear_align_corners"),
        (upsample4(small, "nearest"), "nearest"),
    ):
        assert (result - golden[f"upsample4_{name}_out"]).abs().max() < 1e-5


@settings(max_examples=30, deadline=None)
@given(
    batch=st.integers(1, 2),
    channels=st.integers(1, 4),
    height=st.integers(1, 9),
    width=st.integers(1, 75),
    stride=st.integers(1, 3),
    reach=st.integers(0, 4),
)
def test_correlation_is_its_definition(
    batch: int, channels: int, height: int, width: int, stride: int, reach: int
) -> None:
    first = _random(batch, channels, height, width)
    second = _random(batch, channels, height, width).flip(3)
    volume = correlation(first, second, max_displacement=reach, stride=stride)
    torch.testing.assert_close(volume, _shifts(first, second, reach, stride))


def test_correlation_takes_any_layout() -> None:
    first, second = _random(2, 8, 6, 10), _random(2, 8, 6, 10).flip(0)
    last = torch.channels_last
    volume = correlation(
        first.contiguous(memory_format=last), second.contiguous(memory_format=last)
    )
    torch.testing.assert_close(volume, correlation(first, second))
    assert volume[:, :, :, :9].shape == (2, 441, 6, 9)


def test_gradients_of_the_layers() -> None:
    first = _random(1, 2, 4, 5).requires_grad_()
    second = _random(1, 2, 4, 5).flip(2).requires_grad_()

    def small_correlation(a: Tensor, b: Tensor) -> Tensor:
        return correlation(a, b, max_displacement=2, stride=2)

    assert torch.autograd.gradcheck(small_correlation, (first, second))
    # Away from the pixel grid, where a bilinear sample has no derivative.
    flow = (_random(1, 2, 4, 5).round() + 0.37).requires_grad_()
    for border in ("clamp", "zeros"):

        def warp(image: Tensor, flow: Tensor, border: str = border) -> Tensor:
            return resample2d(image, flow, border=border)  # type: ignore[arg-type]

        assert torch.autograd.gradcheck(warp, (first, flow))
    assert torch.autograd.gradcheck(channel_norm, (first,))


def test_gradients_of_the_full_correlation() -> None:
    first = _random(1, 2, 3, 4).requires_grad_()
    second = _random(1, 2, 3, 4).flip(2).requires_grad_()
    assert torch.autograd.gradcheck(correlation, (first, second), fast_mode=True)


def test_warp_by_whole_pixels_moves_and_repeats_the_border() -> None:
    image = _random(1, 3, 5, 6)
    flow = torch.zeros(1, 2, 5, 6, dtype=torch.float64)
    flow[:, 0] = 2
    warped = resample2d(image, flow)
    torch.testing.assert_close(warped[..., :4], image[..., 2:])
    torch.testing.assert_close(warped[..., 4:], image[..., 5:].expand(-1, -1, -1, 2))


def test_warp_with_zeros_outside() -> None:
    image = torch.ones(1, 1, 4, 4)
    flow = torch.full((1, 2, 4, 4), 0.5)
    warped = resample2d(image, flow, border="zeros")[0, 0]
    assert (warped[:3, :3] == 1).all()
    assert (warped[3] == 0).all()
    assert (warped[:, 3] == 0).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1)])
def test_warp_of_one_pixel_wide_images(size: tuple[int, int]) -> None:
    image = _random(1, 2, *size)
    flow = torch.zeros(1, 2, *size, dtype=torch.float64)
    torch.testing.assert_close(resample2d(image, flow), image)
    assert torch.isfinite(resample2d(image, flow + 1e6)).all()


def test_channel_norm_in_half_precision_does_not_overflow() -> None:
    values = torch.full((1, 2, 3, 3), 1000.0, dtype=torch.float16)
    norm = channel_norm(values)
    assert norm.dtype == torch.float16
    torch.testing.assert_close(norm.float(), torch.full((1, 1, 3, 3), 1414.2), rtol=1e-3, atol=0)


def test_channel_norm_has_zero_gradient_at_zero() -> None:
    values = torch.zeros(1, 3, 2, 2, requires_grad=True)
    (gradient,) = torch.autograd.grad(channel_norm(values).sum(), values)
    assert (gradient == 0).all()


def test_layers_refuse_what_does_not_belong_together() -> None:
    image = torch.zeros(1, 3, 4, 4)
    with pytest.raises(InvalidInputError, match="one shape"):
        correlation(image, torch.zeros(1, 3, 4, 5))
    with pytest.raises(InvalidInputError, match="stride"):
        correlation(image, image, stride=0)
    with pytest.raises(InvalidInputError, match="its size"):
        resample2d(image, torch.zeros(1, 2, 4, 5))
    with pytest.raises(InvalidInputError, match="border"):
        resample2d(image, torch.zeros(1, 2, 4, 4), border="wrap")  # type: ignore[arg-type]
