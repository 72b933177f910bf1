"""Random silhouettes of objects, and the ramp across their edge."""

import cv2
import numpy as np
from numpy.typing import NDArray

from maskrnn_core.synthetic.texture import Float64Array
from maskrnn_core.video import UInt8Array

RAMP = 8
"""Width of the ramp across the edge, texels."""
_FINE = 4


def silhouette(rng: np.random.Generator, radius: float, half: int) -> UInt8Array:
    """Ramp (2 half, 2 half) uint8 of a shape that fits into a disc of `radius` texels.

    The edge is at 127.5. Across it the value falls from 255 to 0 within `RAMP` texels, so that a
    sampled value gives the distance to the edge.
    """
    side = 2 * half * _FINE
    canvas = np.zeros((side, side), np.uint8)
    kind = int(rng.integers(3))
    # The box filter below may move an edge by a fraction of a texel, so leave a margin in the disc.
    outlines = (_blob, _creature, _star)[kind](rng)
    for outline in outlines:
        points = (outline * 0.97 * radius + half) * _FINE
        cv2.fillPoly(canvas, [np.rint(points).astype(np.int32)], 255)
    return _ramp(canvas)


def _ramp(canvas: UInt8Array) -> UInt8Array:
    """Apply a box filter of RAMP texels and reduce by _FINE, in integers."""
    reach = RAMP * _FINE
    padded = np.pad(canvas.astype(np.int64), reach // 2)
    sums = np.pad(padded.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    box = (
        sums[reach:, reach:]
        - sums[:-reach, reach:]
        - sums[reach:, :-reach]
        + sums[:-reach, :-reach]
    )
    mean: NDArray[np.int64] = box[: canvas.shape[0], : canvas.shape[1]] // (reach * reach)
    return mean[_FINE // 2 :: _FINE, _FINE // 2 :: _FINE].astype(np.uint8)


def _unit(points: Float64Array) -> Float64Array:
    """Scale the points so that the farthest one is at distance 1 from the origin."""
    scaled: Float64Array = points / np.sqrt((points**2).sum(axis=1)).max()
    return scaled


def _blob(rng: np.random.Generator) -> list[Float64Array]:
    """A round outline with a few harmonics."""
    angle = np.arange(96) * (2.0 * np.pi / 96)
    reach = np.ones(96)
    for order in range(2, 6):
        reach += 0.5 / order * rng.random() * np.sin(order * angle + 2.0 * np.pi * rng.random())
    flat = 0.6 + 0.4 * rng.random()
    return [_unit(np.stack([np.cos(angle), flat * np.sin(angle)], axis=1) * reach[:, None])]


def _star(rng: np.random.Generator) -> list[Float64Array]:
    """A polygon with alternating long and short rays."""
    corners = 2 * (3 + int(rng.integers(4)))
    angle = (np.arange(corners) + 0.5 * rng.random(corners)) * (2.0 * np.pi / corners)
    reach = np.where(np.arange(corners) % 2 == 0, 1.0, 0.5 + 0.35 * rng.random())
    return [_unit(np.stack([np.cos(angle), np.sin(angle)], axis=1) * reach[:, None])]


def _creature(rng: np.random.Generator) -> list[Float64Array]:
    """A body with a head and limbs, all ellipses."""
    parts = [_ellipse(0.0, 0.0, 0.62, 0.38 + 0.12 * rng.random(), 0.0)]
    parts.append(_ellipse(0.62, -0.2 - 0.2 * rng.random(), 0.27, 0.23, 0.0))
    for place in (-0.42, -0.12, 0.3)[: 2 + int(rng.integers(2))]:
        lean = np.pi / 2 + 0.5 * (rng.random() - 0.5)
        parts.append(_ellipse(place, 0.5, 0.36, 0.13, lean))
    if rng.random() < 0.6:
        parts.append(_ellipse(-0.68, -0.25, 0.3, 0.1, 0.8))
    reach = np.sqrt((np.concatenate(parts) ** 2).sum(axis=1)).max()
    return [part / reach for part in parts]


def _ellipse(x: float, y: float, long: float, short: float, angle: float) -> Float64Array:
    turn = np.arange(48) * (2.0 * np.pi / 48)
    u, v = long * np.cos(turn), short * np.sin(turn)
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([x + cos * u - sin * v, y + sin * u + cos * v], axis=1)
