import torch
from hypothesis import given
from hypothesis import strategies as st

from maskrnn_core.geometry.warping import warp


def _constant_flow(dx: float, dy: float, size: tuple[int, int]) -> torch.Tensor:
    return torch.tensor([dx, dy]).view(1, 2, 1, 1).expand(1, 2, *size)


@given(st.integers(-4, 4), st.integers(-4, 4))
def test_whole_pixel_flow_shifts_and_fills_with_zero(dx: int, dy: int) -> None:
    image = torch.rand(1, 1, 9, 11, generator=torch.Generator().manual_seed(1)) + 1
    warped = warp(image, _constant_flow(dx, dy, (9, 11)))
    for y in range(9):
        for x in range(11):
            inside = 0 <= y + dy < 9 and 0 <= x + dx < 11
            expected = image[0, 0, y + dy, x + dx] if inside else torch.tensor(0.0)
            assert torch.isclose(warped[0, 0, y, x], expected, atol=1e-5)


def test_half_pixel_flow_averages_two_pixels() -> None:
    image = torch.arange(6.0).view(1, 1, 1, 6)
    warped = warp(image, _constant_flow(0.5, 0, (1, 6)))
    assert torch.allclose(warped[0, 0, 0, :5], torch.arange(5.0) + 0.5, atol=1e-5)


def test_gradients_match_finite_differences() -> None:
    generator = torch.Generator().manual_seed(3)
    image = torch.rand(1, 2, 5, 6, dtype=torch.float64, generator=generator, requires_grad=True)
    flow = torch.rand(1, 2, 5, 6, dtype=torch.float64, generator=generator) * 2 - 1.03
    assert torch.autograd.gradcheck(warp, (image, flow.requires_grad_()))
