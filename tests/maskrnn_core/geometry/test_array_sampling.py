"""Sampling of arrays is that of torch, bit for bit."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from maskrnn_core.geometry.array_sampling import resize_array, warp_array
from maskrnn_core.geometry.warping import warp
from maskrnn_core.video import FloatArray

SIZES = [(48, 64), (127, 223), (240, 428), (33, 7)]
FUSES = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")
"""Whether torch's kernels have fused multiply-add, as on all processors since 2013."""


def check_equal(found: FloatArray, expected: FloatArray, *, exactly: bool = True) -> None:
    if FUSES and exactly:
        np.testing.assert_array_equal(found, expected)
    else:
        np.testing.assert_allclose(found, expected, atol=2e-5)


def soft_masks(size: tuple[int, int]) -> list[FloatArray]:
    """Values everywhere, a soft object, one pixel at the edge, and nothing."""
    generator = np.random.default_rng(size[0])
    everywhere = generator.random(size, dtype=np.float32)
    soft = np.where(everywhere > 0.3, everywhere, 0) * (np.indices(size)[1] > size[1] // 2)
    corner = np.zeros(size, np.float32)
    corner[-1, 0] = 0.7
    return [everywhere, soft.astype(np.float32), corner, np.zeros(size, np.float32)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("spread", [0.0, 0.4, 6.0, 300.0])
def test_warping(size: tuple[int, int], spread: float) -> None:
    flow = np.random.default_rng(1).normal(0, spread, (*size, 2)).astype(np.float32)
    flows = torch.from_numpy(flow).permute(2, 0, 1)[None]
    for image in soft_masks(size):
        expected = warp(torch.from_numpy(image)[None, None], flows)[0, 0].numpy()
        check_equal(warp_array(image, flow), expected)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("new", [(96, 128), (480, 854), (31, 50), (240, 428)])
def test_resizing(size: tuple[int, int], new: tuple[int, int]) -> None:
    for image in soft_masks(size):
        grown = functional.interpolate(
            torch.from_numpy(image)[None, None], new, mode="bilinear", align_corners=False
        )
        check_equal(resize_array(image, new), grown[0, 0].numpy(), exactly=sum(new) > 128)


def test_a_whole_shift_moves_the_mask() -> None:
    mask = np.zeros((6, 8), np.float32)
    mask[2:4, 3:5] = 1
    flow = np.zeros((6, 8, 2), np.float32)
    flow[..., 0] = -2  # what is here now was two pixels to the left
    np.testing.assert_allclose(warp_array(mask, flow), np.roll(mask, 2, axis=1), atol=1e-6)
