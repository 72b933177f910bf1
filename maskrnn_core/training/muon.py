"""Muon: Adam, but the steps of convolution kernels have singular values of about one."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

_FRAME_CHANNELS = 4
"""Colours and mask, which the first layer reads."""
_MOMENTUM = 0.95
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic polynomial that drives singular values towards one."""
_ITERATIONS = 5
_ADAM_SIZE = 0.2
"""Root mean square of a step, by the rate. Adam's is about as large, so one rate serves both
(Liu et al., "Muon is scalable for LLM training", 2025)."""


class Muon(torch.optim.Adam):
    """Takes steps by `orthogonalised` momentum for kernels, and Adam's for all other parameters.

    A kernel has the shape (outputs, inputs, height, width) and is read as a matrix of one row per
    output. All singular values of its step are about equal, so that features which the gradient
    hardly shows are learned as fast as those that it shows most. Training from random weights takes
    far fewer steps (Jordan et al., "Muon", 2024). Kernels that read the channels of a frame and
    those of one output stay with Adam, as there.

    Args:
        parameters: what to train.
        lr: the learning rate of all of them.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float) -> None:
        super().__init__(parameters, lr=lr, fused=True)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step from the gradients; those of the kernels are consumed by it."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if is_kernel(parameter) and parameter.grad is not None:
                    self._step_kernel(parameter, parameter.grad, group["lr"])
                    parameter.grad = None  # Adam leaves parameters without a gradient alone.
        return super().step(closure)

    def _step_kernel(self, kernel: Tensor, gradient: Tensor, rate: float) -> None:
        state = self.state[kernel]
        if not state:
            state["momentum"] = torch.zeros_like(kernel)
        momentum = state["momentum"].lerp_(gradient, 1 - _MOMENTUM)
        direction = gradient.lerp(momentum, _MOMENTUM).flatten(1)  # Nesterov's momentum
        size = _ADAM_SIZE * max(direction.shape) ** 0.5
        kernel.add_(orthogonalised(direction).view_as(kernel), alpha=-rate * size)


def is_kernel(parameter: Tensor) -> bool:
    """Whether the steps of a parameter are orthogonalised."""
    return parameter.ndim == 4 and parameter.shape[0] > 1 and parameter.shape[1] > _FRAME_CHANNELS


def orthogonalised(matrix: Tensor) -> Tensor:
    """A matrix of the same singular vectors, and singular values of about one (0.7 to 1.2).

    The iteration of Newton and Schulz with a quintic polynomial. It runs on the Gram matrix of the
    shorter side, because powers of it commute: the long side is multiplied twice in place of twice
    per iteration.

    Args:
        matrix: of two dimensions and floating point; values far below the largest stay smaller, and
            a matrix of zeros stays zero.
    """
    if matrix.shape[0] > matrix.shape[1]:
        return orthogonalised(matrix.T).T
    scaled = matrix / matrix.norm().clamp(min=1e-12)
    gram = scaled @ scaled.T
    product = factor = _factor(gram)
    for _ in range(_ITERATIONS - 1):
        gram = factor @ gram @ factor
        factor = _factor(gram)
        product = factor @ product
    orthogonal: Tensor = product @ scaled
    return orthogonal


def _factor(gram: Tensor) -> Tensor:
    """What one step of the iteration multiplies the matrix of a Gram matrix by."""
    first, third, fifth = _COEFFICIENTS
    factor = torch.addmm(gram, gram, gram, beta=third, alpha=fifth)
    factor.diagonal().add_(first)
    return factor
