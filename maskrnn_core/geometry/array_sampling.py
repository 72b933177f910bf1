"""Bilinear sampling of NumPy arrays, for trackers without a network: they need no torch.

The results equal those of torch on a CPU, bit for bit. Torch's kernels are compiled with fused
multiply-add, which rounds once where a product and a sum round twice. `_fused` does the same.
"""

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.geometry.boxes import mask_box
from maskrnn_core.video import FloatArray

_ONE, _HALF = np.float32(1), np.float32(0.5)


def warp_array(image: FloatArray, flow: FloatArray) -> FloatArray:
    """`maskrnn_core.geometry.warping.warp` of one array; only what shows the object is computed.

    Args:
        image: float32 (H, W), values of frame t-1.
        flow: float32 (H, W, 2), backward flow (dx, dy) of frame t in pixels.

    Returns:
        float32 (H, W) on the grid of frame t.
    """
    height, width = image.shape
    warped = np.zeros_like(image)
    box = mask_box(image != 0)
    if box is None:
        return warped
    x = np.arange(width, dtype=np.float32) + flow[..., 0]
    y = np.arange(height, dtype=np.float32)[:, None] + flow[..., 1]
    left, top, right, bottom = box
    # A pixel more than bilinear sampling reaches, because the coordinates are rounded below.
    near = (x > left - 2) & (x < right + 1) & (y > top - 2) & (y < bottom + 1)
    x, y = _as_torch_rounds(x[near], width), _as_torch_rounds(y[near], height)
    column, row = np.floor(x), np.floor(y)
    east, south = x - column, y - row
    west, north = _ONE - east, _ONE - south
    values = _pixels(image, row, column) * (west * north)
    values = _fused(_pixels(image, row, column + 1), east * north, values)
    values = _fused(_pixels(image, row + 1, column), west * south, values)
    warped[near] = _fused(_pixels(image, row + 1, column + 1), east * south, values)
    return warped


def resize_array(image: FloatArray, size: tuple[int, int]) -> FloatArray:
    """Resize float32 (H, W) to (height, width), as `interpolate` with mode "bilinear" does.

    For new sizes of at most 128 pixels, height and width together, torch has another kernel, whose
    rounding differs.
    """
    resized = np.zeros(size, np.float32)
    box = mask_box(image != 0)
    if box is None:
        return resized
    rows, upper, lower, above, below = _neighbours(image.shape[0], size[0], box[1], box[3])
    columns, left, right, before, after = _neighbours(image.shape[1], size[1], box[0], box[2])

    def in_row(row: NDArray[np.int64]) -> FloatArray:
        values = image[row]
        return _fused(values[:, left], before, values[:, right] * after)

    above, below = above[:, None], below[:, None]
    resized[rows, columns] = _fused(in_row(upper), above, in_row(lower) * below)
    return resized


def _as_torch_rounds(position: FloatArray, size: int) -> FloatArray:
    """Pixel positions after the detour over the range -1 to 1 of `grid_sample`."""
    relative = (2 * position + _ONE) / np.float32(size) - _ONE
    return _fused(relative + _ONE, np.float32(size / 2), -_HALF)


def _pixels(image: FloatArray, row: FloatArray, column: FloatArray) -> FloatArray:
    """Values at whole positions; zero outside of the image."""
    height, width = image.shape
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    found = np.zeros(row.shape, np.float32)
    found[inside] = image[row[inside].astype(np.int64), column[inside].astype(np.int64)]
    return found


def _neighbours(
    length: int, new: int, first: np.float32, end: np.float32
) -> tuple[slice, NDArray[np.int64], NDArray[np.int64], FloatArray, FloatArray]:
    """The part of a resized axis that pixels `first` to `end` influence.

    Returns:
        Its slice; per position the two source pixels and their weights.
    """
    scale = np.float32(length) / np.float32(new)
    source = np.maximum(scale * (np.arange(new, dtype=np.float32) + _HALF) - _HALF, np.float32(0))
    low = np.minimum(source.astype(np.int64), length - 1)
    high = np.minimum(low + 1, length - 1)
    shown = np.flatnonzero((high >= first) & (low < end))
    part = slice(0, 0) if shown.size == 0 else slice(int(shown[0]), int(shown[-1]) + 1)
    share = np.clip(source - low.astype(np.float32), 0, 1).astype(np.float32)
    return part, low[part], high[part], (_ONE - share)[part], share[part]


def _fused(
    factor: FloatArray, other: FloatArray | np.float32, addend: FloatArray | np.float32
) -> FloatArray:
    """factor * other + addend, rounded once: float64 holds a product of float32 exactly."""
    return (factor.astype(np.float64) * other + addend).astype(np.float32)
