"""Motion in closed form: every map has an exact inverse, at every time.

The camera is a similarity. The motion of a body is breathing (the radius changes with the angle),
bending (two shears along a sine), then a similarity. Each step has an exact inverse, without
iteration.
"""

from dataclasses import dataclass

import numpy as np

from maskrnn_core.synthetic.texture import Float64Array

KNOT = 4
"""Number of frames between two points of a path."""


@dataclass(frozen=True)
class Path:
    """Catmull-Rom spline through `knots` (K, D), one every KNOT frames; they cover all times."""

    knots: Float64Array

    def at(self, time: float) -> Float64Array:
        """Point (D,) at `time` in frames."""
        position = time / KNOT
        k = int(np.clip(np.floor(position), 0, len(self.knots) - 2))
        s = position - k
        low, high = self.knots[k], self.knots[k + 1]
        before = self.knots[max(k - 1, 0)]
        after = self.knots[min(k + 2, len(self.knots) - 1)]
        point: Float64Array = 0.5 * (
            2.0 * low
            + (high - before) * s
            + (2.0 * before - 5.0 * low + 4.0 * high - after) * s**2
            + (3.0 * low - before - 3.0 * high + after) * s**3
        )
        return point


@dataclass(frozen=True)
class Wave:
    """amplitude * sin(rate * time): zero at time 0, so that every object has its shape at rest."""

    amplitude: float
    rate: float

    def at(self, time: float) -> float:
        return float(self.amplitude * np.sin(self.rate * time))


@dataclass(frozen=True)
class CameraMotion:
    """Image to background: world = pan + R(-turn) (p - centre) / zoom."""

    centre: tuple[float, float]
    pan: Path
    zoom: Wave
    turn: Wave

    def to_material(self, points: Float64Array, time: float) -> Float64Array:
        """Image points (N, 2) to background coordinates (N, 2)."""
        scale = np.exp(-self.zoom.at(time))
        world: Float64Array = _rotate(points - self.centre, -self.turn.at(time)) * scale
        return world + self.pan.at(time)

    def to_image(self, points: Float64Array, time: float) -> Float64Array:
        """Background coordinates (N, 2) to image points (N, 2)."""
        scale = np.exp(self.zoom.at(time))
        return _rotate((points - self.pan.at(time)) * scale, self.turn.at(time)) + self.centre


@dataclass(frozen=True)
class BodyMotion:
    """Maps object coordinates (the unit disc contains the object at rest) to the image.

    `radius` is in pixels, bending amplitudes are in radii, and `breath` is relative.
    """

    radius: float
    path: Path
    angle: float
    spin: float
    sway: Wave
    growth: Wave
    bend_x: Wave
    bend_y: Wave
    frequency: tuple[float, float]
    phase: tuple[float, float]
    breath: Wave
    lobes: int

    def scale(self, time: float) -> float:
        """Pixels per radius."""
        return float(self.radius * np.exp(self.growth.at(time)))

    def reach(self, time: float) -> float:
        """Radius in pixels of a disc around the path that contains the object."""
        bends = np.hypot(self.bend_x.amplitude, self.bend_y.amplitude)
        return self.scale(time) * (1.0 + abs(self.breath.amplitude) + 2.0 * float(bends))

    def to_image(self, points: Float64Array, time: float) -> Float64Array:
        """Object coordinates (N, 2) to image points (N, 2)."""
        points = self._breathe(points, time, inverse=False)
        x, y = points[:, 0], points[:, 1]
        y = y + self._bend_y(x, time)
        x = x + self._bend_x(y, time)
        turned = _rotate(np.stack([x, y], axis=1), self._turn(time))
        return turned * self.scale(time) + self.path.at(time)

    def to_material(self, points: Float64Array, time: float) -> Float64Array:
        """Image points (N, 2) to object coordinates (N, 2)."""
        centred = (points - self.path.at(time)) / self.scale(time)
        turned = _rotate(centred, -self._turn(time))
        x, y = turned[:, 0], turned[:, 1]
        x = x - self._bend_x(y, time)
        y = y - self._bend_y(x, time)
        return self._breathe(np.stack([x, y], axis=1), time, inverse=True)

    def _turn(self, time: float) -> float:
        return self.angle + self.spin * time + self.sway.at(time)

    def _bend_y(self, x: Float64Array, time: float) -> Float64Array:
        wave: Float64Array = np.sin(self.frequency[0] * x + self.phase[0])
        return self.bend_y.at(time) * wave

    def _bend_x(self, y: Float64Array, time: float) -> Float64Array:
        wave: Float64Array = np.sin(self.frequency[1] * y + self.phase[1])
        return self.bend_x.at(time) * wave

    def _breathe(self, points: Float64Array, time: float, inverse: bool) -> Float64Array:
        angle = np.arctan2(points[:, 1], points[:, 0])
        factor = (1.0 + self.breath.at(time) * np.cos(self.lobes * angle))[:, None]
        moved: Float64Array = points / factor if inverse else points * factor
        return moved


def _rotate(points: Float64Array, angle: float) -> Float64Array:
    cos, sin = np.cos(angle), np.sin(angle)
    x, y = points[:, 0], points[:, 1]
    return np.stack([cos * x - sin * y, sin * x + cos * y], axis=1)
