"""Random scenes: background, objects, distractors and their motion."""

from dataclasses import dataclass

import numpy as np

from maskrnn_core.synthetic.layers import Background, Body
from maskrnn_core.synthetic.motion import KNOT, BodyMotion, CameraMotion, Path, Wave
from maskrnn_core.synthetic.options import SyntheticOptions
from maskrnn_core.synthetic.silhouette import RAMP, silhouette
from maskrnn_core.synthetic.texture import Float64Array, landscape, palette, surface, to_uint8

_OVERSAMPLING = 1.25
"""Texels per pixel of an object at rest, so that it can grow without blur."""
_TETHER = 0.16
"""Largest distance of an object from its start in free motion, in short sides of the frame."""
_MARGIN = 1.9
"""Sides of the background relative to the frame's."""


@dataclass(frozen=True)
class Scene:
    """The layers from back to front, and the lighting."""

    background: Background
    bodies: tuple[Body, ...]
    light: Wave


def random_scene(
    rng: np.random.Generator, options: SyntheticOptions, index: int, frame_count: int
) -> Scene:
    """Draw the scene of video `index`; the same generator state and options give the same scene.

    At time 0 every object is completely visible and does not touch the others. In odd videos the
    first object leaves the frame, in every second of them completely. It returns if the video is
    long enough. In even videos an unlabelled body passes in front of the first object. Paths of
    objects cross.
    """
    count = options.object_counts[index % len(options.object_counts)]
    knots = (frame_count - 1) // KNOT + 2
    colours = palette(rng)
    background = _background(rng, options, colours, knots)
    radii, starts = _starts(rng, options, count)
    paths = [_walk(rng, options, start, knots) for start in starts]
    # Half-way if there is time to come back, otherwise at the end, so that no object is too fast.
    turn = knots // 2 if frame_count >= 24 else knots - 1
    for k in range(count - 1):
        _meet(rng, paths[k], paths[k + 1], max(turn - k, 1))
    if index % 2 == 1:
        beyond = (1.25 if index % 4 == 1 else -0.1) * radii[0]
        _leave(paths[0], options.size, beyond, turn)
    bodies = [
        _body(rng, options, k + 1, radii[k], paths[k], colours)
        for k in rng.permutation(count).tolist()
    ]
    if index % 2 == 0:
        bodies.append(_passer(rng, options, paths[0], knots, knots // 2, colours))
    light = Wave(options.lighting, 2.0 * np.pi / (16.0 + 24.0 * rng.random()))
    return Scene(background, tuple(bodies), light)


def _signed(rng: np.random.Generator, low: float, high: float) -> float:
    """A magnitude in [low, high) with a random sign."""
    size = low + (high - low) * rng.random()
    return size if rng.random() < 0.5 else -size


def _rate(rng: np.random.Generator) -> float:
    """Radians per frame: one period in 14 to 28 frames."""
    return 2.0 * np.pi / (14.0 + 14.0 * rng.random())


def _background(
    rng: np.random.Generator, options: SyntheticOptions, colours: Float64Array, knots: int
) -> Background:
    height, width = options.size
    short = min(options.size)
    size = (int(_MARGIN * height), int(_MARGIN * width))
    unit = 0.18 * short
    image = landscape(rng, size, colours, unit)
    for _ in range(7):
        _decoy(rng, image, colours, (0.1 + 0.08 * rng.random()) * short)
    middle = np.array([size[1], size[0]]) / 2.0
    limit = 0.2 * np.array([width, height])
    step = options.camera_speed * short * KNOT
    pan = _wander(rng, middle, knots, step, middle - limit, middle + limit)
    centre = ((width - 1) / 2.0, (height - 1) / 2.0)
    zoom = Wave(_signed(rng, 0.05, 0.14), 2.0 * np.pi / (24.0 + 30.0 * rng.random()))
    turn = Wave(_signed(rng, 0.0, 0.06), 2.0 * np.pi / (20.0 + 20.0 * rng.random()))
    texture = np.dstack([to_uint8(image), np.zeros(size, np.uint8)])
    return Background(texture, CameraMotion(centre, Path(pan), zoom, turn))


def _decoy(
    rng: np.random.Generator, image: Float64Array, colours: Float64Array, radius: float
) -> None:
    """Paint something that looks like an object into the background."""
    skin, _ = _skin(rng, radius, colours)
    side = skin.shape[0]
    if side >= min(image.shape[:2]):
        return
    y, x = int(rng.integers(image.shape[0] - side)), int(rng.integers(image.shape[1] - side))
    opacity = np.clip((skin[..., 3:] / 255.0 - 0.5) * RAMP + 0.5, 0.0, 1.0)
    patch = image[y : y + side, x : x + side]
    patch += opacity * (skin[..., :3] - patch)


def _skin(
    rng: np.random.Generator, radius: float, colours: Float64Array
) -> tuple[Float64Array, float]:
    """Skin (2 half, 2 half, 4) with colour and ramp, and texels per radius."""
    density = radius * _OVERSAMPLING
    half = int(np.ceil(density)) + RAMP
    image = surface(rng, (2 * half, 2 * half), colours, density)
    y, x = (np.mgrid[: 2 * half, : 2 * half] + 0.5 - half) / density
    shade = 1.08 - 0.22 * (x * x + (y + 0.25) ** 2)
    ramp = silhouette(rng, density, half)
    return np.dstack([np.clip(image * shade[..., None], 0, 255), ramp]), density


def _starts(
    rng: np.random.Generator, options: SyntheticOptions, count: int
) -> tuple[list[float], list[Float64Array]]:
    """Radii and first positions; each object is in its own strip of the frame."""
    height, width = options.size
    strip = min(width / count, 0.56 * height)
    offset = (width - count * strip) * rng.random()
    radii, starts = [], []
    for slot in rng.permutation(count):
        radius = min((0.2 + 0.07 * rng.random()) * height, 0.46 * strip)
        free = np.array([strip, height]) / 2.0 - radius - 1.0
        middle = np.array([offset + (slot + 0.5) * strip, height / 2.0])
        starts.append(middle + np.maximum(free, 0.0) * (2.0 * rng.random(2) - 1.0))
        radii.append(float(radius))
    return radii, starts


def _walk(
    rng: np.random.Generator, options: SyntheticOptions, start: Float64Array, knots: int
) -> Float64Array:
    """A path that stays near its start and mostly inside the frame."""
    height, width = options.size
    short = min(options.size)
    step = options.speed * short * KNOT
    low = np.maximum(start - _TETHER * short, 0.12 * short)
    high = np.minimum(start + _TETHER * short, np.array([width, height]) - 0.12 * short)
    return _wander(rng, start, knots, step, low, high)


def _wander(
    rng: np.random.Generator,
    start: Float64Array,
    knots: int,
    step: float,
    low: Float64Array,
    high: Float64Array,
) -> Float64Array:
    """Points (knots, 2) about `step` apart that keep their direction and stay inside a box."""
    points = [start]
    heading = 2.0 * np.pi * rng.random()
    for _ in range(knots - 1):
        lengths = step * (0.6 + 0.8 * rng.random())
        turns = heading + np.concatenate([1.2 * (rng.random(3) - 0.5), rng.random(9) * 2.0 * np.pi])
        options = points[-1] + lengths * np.stack([np.cos(turns), np.sin(turns)], axis=1)
        outside = np.maximum(low - options, 0.0).sum(1) + np.maximum(options - high, 0.0).sum(1)
        best = int(np.argmin(outside))
        heading = float(turns[best])
        points.append(options[best])
    return np.array(points)


def _around(path: Float64Array, knot: int) -> Float64Array:
    """Weights (knots, 1): 1 at `knot`, 0 at the start, smooth between and after."""
    away = np.abs(np.arange(len(path)) - knot) / max(knot, 1)
    return np.asarray(np.cos(np.pi / 2.0 * np.minimum(away, 1.0)) ** 2)[:, None]


def _meet(rng: np.random.Generator, first: Float64Array, second: Float64Array, knot: int) -> None:
    """Bend two paths towards each other, so that they nearly touch at `knot`, and apart again."""
    gap = (first[knot] - second[knot]) * (0.5 + 0.3 * rng.random())
    share = 0.3 + 0.4 * rng.random()
    first -= share * gap * _around(first, knot)
    second += (1.0 - share) * gap * _around(second, knot)


def _leave(path: Float64Array, size: tuple[int, int], beyond: float, knot: int) -> None:
    """Bend the path out of the frame around `knot`, on the side nearest to its start, and back."""
    height, width = size
    x, y = path[knot]
    exits = np.array([[-beyond, y], [width + beyond, y], [x, -beyond], [x, height + beyond]])
    nearest = exits[int(np.argmin(np.abs(exits - path[0]).sum(axis=1)))]
    path += (nearest - path[knot]) * _around(path, knot)


def _passer(
    rng: np.random.Generator,
    options: SyntheticOptions,
    path: Float64Array,
    knots: int,
    knot: int,
    colours: Float64Array,
) -> Body:
    """A distractor from outside the frame that crosses the first object's path at `knot`."""
    height, width = options.size
    radius = (0.1 + 0.06 * rng.random()) * min(height, width)
    side = 1.0 if rng.random() < 0.5 else -1.0
    offset = (np.arange(knots) - knot) / max(knot, 1)
    reach = width / 2.0 + 2.0 * radius
    line = path[knot] + np.stack(
        [side * offset * reach, 0.2 * height * offset * (rng.random() - 0.5)], axis=1
    )
    line[0, 0] = -3.0 * radius if side > 0 else width + 3.0 * radius
    return _body(rng, options, 0, radius, line, colours)


def _body(
    rng: np.random.Generator,
    options: SyntheticOptions,
    label: int,
    radius: float,
    path: Float64Array,
    colours: Float64Array,
) -> Body:
    skin, density = _skin(rng, radius, colours)
    strength = options.deformation
    motion = BodyMotion(
        radius=radius,
        path=Path(path),
        angle=2.0 * np.pi * rng.random(),
        spin=_signed(rng, 0.0, 0.03),
        sway=Wave(_signed(rng, 0.0, 0.25), _rate(rng)),
        growth=Wave(_signed(rng, 0.04, 0.13) * strength, _rate(rng)),
        bend_x=Wave(_signed(rng, 0.04, 0.13) * strength, _rate(rng)),
        bend_y=Wave(_signed(rng, 0.04, 0.13) * strength, _rate(rng)),
        frequency=(1.5 + 1.5 * rng.random(), 1.5 + 1.5 * rng.random()),
        phase=(2.0 * np.pi * rng.random(), 2.0 * np.pi * rng.random()),
        breath=Wave(min(_signed(rng, 0.02, 0.08) * strength, 0.5), _rate(rng)),
        lobes=2 + int(rng.integers(3)),
    )
    return Body(label, to_uint8(skin), density, motion)
