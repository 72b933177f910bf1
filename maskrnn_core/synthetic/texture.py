"""Random textures: octaves of noise, stripes, spots and shapes in a few colours.

All arithmetic is in integers or float64 and rounded to uint8 at the end. Only `random` and
`integers` of the generator are used. So the same seed gives the same bytes on every machine.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from maskrnn_core.video import UInt8Array

Float64Array = NDArray[np.float64]

_RAMP_STEPS = 1024


def palette(rng: np.random.Generator, count: int = 6) -> Float64Array:
    """Muted colours (count, 3), RGB, in 40..215, with different hues."""
    hue = (rng.random() + np.arange(count) / count + 0.06 * rng.random(count)) % 1.0
    chroma = 25.0 + 45.0 * rng.random(count)
    grey = 75.0 + 105.0 * rng.permutation(count) / max(count - 1, 1)
    angle = 2.0 * np.pi * (hue[:, None] + np.array([0.0, 1.0, 2.0]) / 3.0)
    return np.clip(grey[:, None] + chroma[:, None] * np.cos(angle), 40.0, 215.0)


def noise_field(
    rng: np.random.Generator, size: tuple[int, int], cell: float, octaves: int, decay: float = 0.6
) -> Float64Array:
    """Value noise (H, W) with mean 0 and standard deviation 1; `cell` is the coarsest period."""
    total = np.zeros(size)
    weight = 1.0
    for _ in range(octaves):
        (row, down), (column, right) = (_smooth_steps(n, cell, rng.random()) for n in size)
        grid = rng.random((int(row[-1]) + 2, int(column[-1]) + 2)) - 0.5
        lines = grid[row] + (grid[row + 1] - grid[row]) * down[:, None]
        left = lines[:, column]
        total += weight * (left + (lines[:, column + 1] - left) * right)
        weight *= decay
        cell /= 2.0
    spread = float(total.std())
    field: Float64Array = (total - total.mean()) / (spread if spread > 0 else 1.0)
    return field


def _smooth_steps(length: int, cell: float, phase: float) -> tuple[NDArray[np.int64], Float64Array]:
    """For each position, the grid point before it and the smooth weight of the point after it."""
    position = np.arange(length) / cell + phase
    low = np.floor(position).astype(np.int64)
    share = position - low
    return low, share * share * (3.0 - 2.0 * share)


def colour_ramp(field: Float64Array, colours: Float64Array) -> Float64Array:
    """Image (H, W, 3): maps `field` (about -1.5..1.5) to the sequence of colours."""
    position = np.linspace(0.0, len(colours) - 1.0, _RAMP_STEPS)
    low = np.minimum(position.astype(np.int64), max(len(colours) - 2, 0))
    high = np.minimum(low + 1, len(colours) - 1)
    share = np.clip((position - low) * 3.0 - 1.0, 0.0, 1.0)[:, None]  # patches, not a rainbow
    table = colours[low] * (1.0 - share) + colours[high] * share
    steps = np.clip((field + 1.5) * (_RAMP_STEPS / 3.0), 0, _RAMP_STEPS - 1).astype(np.int64)
    image: Float64Array = table.take(steps, axis=0)
    return image


def surface(
    rng: np.random.Generator, size: tuple[int, int], colours: Float64Array, unit: float
) -> Float64Array:
    """An object's skin (H, W, 3), float64 0..255: stripes, spots or patches, with fine grain.

    `unit` is the object's radius in texels; patterns scale with it.
    """
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float64)
    bend = noise_field(rng, size, unit, 2)
    kind = int(rng.integers(3))
    if kind == 0:
        angle = np.pi * rng.random()
        period = unit * (0.35 + 0.35 * rng.random())
        along = x * np.cos(angle) + y * np.sin(angle) + 0.12 * unit * bend
        pattern = 1.5 * np.sin(2.0 * np.pi * along / period)
    elif kind == 1:
        period = unit * (0.45 + 0.3 * rng.random())
        wave = 2.0 * np.pi / period
        warped = 0.1 * unit * bend
        pattern = 1.6 * np.sin(wave * (x + warped)) * np.sin(wave * (y - warped))
    else:
        pattern = noise_field(rng, size, unit * (0.5 + 0.4 * rng.random()), 3)
    chosen = colours[rng.permutation(len(colours))[: 2 + int(rng.integers(2))]]
    tint = 70.0 * (rng.random(3) - 0.5) + (45.0 if rng.random() < 0.5 else -45.0)
    image = colour_ramp(pattern, np.clip(chosen + tint, 15.0, 240.0))
    return image + 9.0 * noise_field(rng, size, max(unit / 4.0, 2.0), 2, 0.9)[..., None]


def landscape(
    rng: np.random.Generator, size: tuple[int, int], colours: Float64Array, unit: float
) -> Float64Array:
    """A background (H, W, 3), float64 0..255: patches, streaks, clutter of random shapes."""
    image = colour_ramp(noise_field(rng, size, 3.0 * unit, 4), colours)
    where = np.clip(2.0 * noise_field(rng, size, 2.5 * unit, 2), 0.0, 1.0)[..., None]
    skin = surface(rng, size, colours, unit)
    image = image * (1.0 - where) + skin * where
    canvas = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    for _ in range(int(0.9 * size[0] * size[1] / (unit * unit))):
        _clutter(rng, canvas, colours, unit)
    grain = noise_field(rng, size, max(unit / 4.0, 2.0), 2, 0.9)
    return 0.75 * canvas + 30.0 + 7.0 * grain[..., None]  # objects stand out a little


def _clutter(
    rng: np.random.Generator, canvas: UInt8Array, colours: Float64Array, unit: float
) -> None:
    """Draw one filled ellipse or polygon in place."""
    height, width = canvas.shape[:2]
    centre = rng.random(2) * (width, height)
    extent = unit * (0.1 + 0.55 * rng.random(2) ** 2)
    colour = np.clip(colours[rng.integers(len(colours))] + 50.0 * (rng.random(3) - 0.5), 0, 255)
    value = tuple(int(c) for c in np.rint(colour))
    if rng.random() < 0.5:
        axes = (max(int(extent[0]), 1), max(int(extent[1]), 1))
        middle = (int(centre[0]), int(centre[1]))
        cv2.ellipse(canvas, middle, axes, int(rng.integers(180)), 0, 360, value, -1, cv2.LINE_AA)
        return
    corners = 3 + int(rng.integers(4))
    angle = np.sort(rng.random(corners)) * 2.0 * np.pi
    points = centre + np.stack([np.cos(angle), np.sin(angle)], axis=1) * extent
    cv2.fillPoly(canvas, [np.rint(points).astype(np.int32)], value, cv2.LINE_AA)


def to_uint8(image: Float64Array) -> UInt8Array:
    """Rounded and clipped to 0..255."""
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)
