"""Layers of a scene: a background plane and bodies in front of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.synthetic.motion import BodyMotion, CameraMotion
from maskrnn_core.synthetic.silhouette import RAMP
from maskrnn_core.synthetic.texture import Float64Array
from maskrnn_core.video import UInt8Array

_STEPS = 256
"""Number of positions between two texels: integer weights give the same samples everywhere."""


def sample(texture: UInt8Array, points: Float64Array) -> Float64Array:
    """Sample `texture` (H, W, 4) bilinearly at texel coordinates (N, 2); the edge is repeated."""
    height, width = texture.shape[:2]
    fixed = np.rint(points * _STEPS).astype(np.int64)
    x = np.clip(fixed[:, 0], 0, (width - 1) * _STEPS - 1)
    y = np.clip(fixed[:, 1], 0, (height - 1) * _STEPS - 1)
    at = (y // _STEPS) * width + x // _STEPS
    right = (x % _STEPS).astype(np.int32)[:, None]
    down = (y % _STEPS).astype(np.int32)[:, None]
    texels = texture.view(np.uint32).ravel()  # one look-up reads four bytes

    def row(first: NDArray[np.int64]) -> NDArray[np.int32]:
        left = texels[first].view(np.uint8).reshape(-1, 4).astype(np.int32)
        following = texels[first + 1].view(np.uint8).reshape(-1, 4).astype(np.int32)
        return left * (_STEPS - right) + following * right

    total: Float64Array = (row(at) * (_STEPS - down) + row(at + width) * down) / float(_STEPS**2)
    return total


@dataclass(frozen=True)
class Background:
    """A textured plane. Its coordinates are texels of `texture` (H, W, 4), RGB and one unused."""

    texture: UInt8Array
    motion: CameraMotion

    def colour(self, points: Float64Array, time: int) -> Float64Array:
        """Colours (N, 3) at image points (N, 2)."""
        return sample(self.texture, self.motion.to_material(points, time))[:, :3]


@dataclass(frozen=True)
class Body:
    """A moving object; `label` 0 is a distractor without annotation.

    `skin` is (2 half, 2 half, 4) uint8: colour, and the ramp across the silhouette's edge.
    `density` is in texels per radius.
    """

    label: int
    skin: UInt8Array
    density: float
    motion: BodyMotion

    def window(self, time: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Box (x0, y0, x1, y1), half open, inside the frame, of pixels that the body can cover."""
        x, y = self.motion.path.at(time)
        reach = self.motion.reach(time) + 2.0
        x0, y0 = max(int(x - reach), 0), max(int(y - reach), 0)
        x1, y1 = min(int(x + reach) + 2, size[1]), min(int(y + reach) + 2, size[0])
        return x0, y0, max(x1, x0), max(y1, y0)

    def appearance(self, points: Float64Array, time: int) -> tuple[Float64Array, Float64Array]:
        """Colours (N, 3) and opacity (N,) at image points (N, 2).

        Opacity is 0.5 on the silhouette; it changes within about one pixel across it.
        """
        material = self.motion.to_material(points, time)
        half = self.skin.shape[0] / 2.0
        values = sample(self.skin, material * self.density + (half - 0.5))
        limit = (half - 1.0) / self.density
        inside = (np.abs(material[:, 0]) < limit) & (np.abs(material[:, 1]) < limit)
        distance = (values[:, 3] / 255.0 - 0.5) * RAMP
        pixels = distance * (self.motion.scale(time) / self.density)
        return values[:, :3], np.where(inside, np.clip(pixels + 0.5, 0.0, 1.0), 0.0)
