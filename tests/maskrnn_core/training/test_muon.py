"""Steps of kernels are orthogonal, whatever the gradient's size; all others are Adam's."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from maskrnn_core.training.muon import Muon, is_kernel, orthogonalised


def _matrix(rows: int, columns: int, lowest: float, seed: int = 0) -> Tensor:
    """A matrix with singular values from 1 down to `lowest`."""
    generator = torch.Generator().manual_seed(seed)
    left, _ = torch.linalg.qr(torch.randn(rows, rows, generator=generator))
    right, _ = torch.linalg.qr(torch.randn(columns, rows, generator=generator))
    matrix: Tensor = left @ torch.diag(torch.linspace(1, lowest, rows)) @ right.T
    return matrix


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(2, 12),
    more=st.integers(0, 30),
    size=st.floats(1e-3, 1e3),
    seed=st.integers(0, 99),
)
def test_singular_values_become_about_one(rows: int, more: int, size: float, seed: int) -> None:
    matrix = size * _matrix(rows, rows + more, lowest=0.1, seed=seed)
    values = torch.linalg.svdvals(orthogonalised(matrix))
    assert values.min() > 0.6
    assert values.max() < 1.25


def test_singular_vectors_stay() -> None:
    matrix = _matrix(5, 20, lowest=0.2)
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    inner = left.T @ orthogonalised(matrix) @ right.T
    torch.testing.assert_close(inner, torch.diag(inner.diagonal()), atol=1e-5, rtol=0)


def test_tall_matrices_are_turned_and_zeros_stay() -> None:
    matrix = _matrix(5, 20, lowest=0.2)
    torch.testing.assert_close(orthogonalised(matrix.T), orthogonalised(matrix).T)
    assert not orthogonalised(torch.zeros(3, 4)).any()


def _network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 6, 3), nn.GroupNorm(1, 6))


def _kernel(network: nn.Module) -> Tensor:
    return next(parameter for parameter in network.parameters() if is_kernel(parameter))


def _steps(optimizer: torch.optim.Optimizer, network: nn.Module, sizes: list[float]) -> None:
    frame = torch.linspace(-1, 1, 3 * 9 * 9).view(1, 3, 9, 9)
    for size in sizes:
        optimizer.zero_grad(set_to_none=True)
        (size * network(frame).square().sum()).backward()
        optimizer.step()


def test_a_step_has_one_size_whatever_the_gradient_is() -> None:
    gradient = torch.randn(16, 8, 3, 3, generator=torch.Generator().manual_seed(0))
    moved = []
    for size in (1e-3, 1e3):
        kernel = nn.Parameter(torch.zeros(16, 8, 3, 3))
        kernel.grad = size * gradient
        Muon([kernel], lr=0.01).step()
        moved.append(kernel.detach())
    torch.testing.assert_close(moved[0], moved[1], atol=1e-7, rtol=1e-3)
    assert moved[0].square().mean().sqrt() == pytest.approx(0.01 * 0.2, rel=0.2)


def test_all_other_parameters_take_adams_steps() -> None:
    ours, adams = _network(), _network()
    _steps(Muon(ours.parameters(), lr=0.01), ours, [1.0])
    _steps(torch.optim.Adam(adams.parameters(), lr=0.01, fused=True), adams, [1.0])
    for (name, mine), theirs in zip(ours.named_parameters(), adams.parameters(), strict=True):
        same = torch.equal(mine, theirs)
        assert same != is_kernel(mine), name
    assert [name for name, p in ours.named_parameters() if is_kernel(p)] == ["1.weight"]


def test_without_a_gradient_nothing_moves() -> None:
    network = _network()
    kernel = _kernel(network).requires_grad_(False)
    before = kernel.clone()
    _steps(Muon(network.parameters(), lr=0.01), network, [1.0, 1.0])
    assert torch.equal(kernel, before)
