"""The mask of an object from a box or points in one picture, by GrabCut.

Rother, Kolmogorov and Blake, "GrabCut", SIGGRAPH 2004, as OpenCV implements it. Its colour models
begin with the pixels that `object_probability` finds probable, not with the whole box.

The constants were chosen on the first frames of the train videos of DAVIS-2016
(`benchmarks/first_masks.py --split train`).
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from storage.datasets.prompts.colour_model import FloatArray, object_probability
from storage.datasets.source import UInt8Array

GRAB_CUT_VERSION = 3
"""Raised when the same prompts begin to give other masks."""

_ITERATIONS = 3
_MOST_PIXELS = 300**2
"""Size of the part of the picture that is segmented; a larger one is scaled down."""
_AROUND = 0.4
"""Background that is read around a box, relative to the box's sides."""
_IN_BOX = (1.5, -2.5)
"""Log odds of the object in the middle of a box, and their change up to the middle of a side."""
_AT_POINTS = (1.0, -3.0)
"""Log odds of the object between its points, and their change within the points' reach."""
_LEAST_REACH = 0.1
"""Least reach of points, relative to the picture's short side."""
_REACH_OF_ONE = 0.2
"""Reach of a single point, relative to the picture's short side."""
_COLLAPSED = 4
"""A mask up to this many times the size of its points is tried again with twice the reach."""
_FARTHEST = 2.0
"""How far an object may reach beyond its points, relative to their reach."""
_SEED = 0.01
"""Radius of a point, relative to the picture's short side."""
_SMALL = 0.1
"""Components that are smaller than this, relative to the largest one, are dropped."""

Box = tuple[float, float, float, float]


class Point(NamedTuple):
    """A pixel, and whether the object covers it."""

    x: float
    y: float
    is_object: bool


def object_mask(frame: UInt8Array, box: Box | None, points: Sequence[Point] = ()) -> UInt8Array:
    """The mask of one object; the same input gives the same mask.

    Args:
        frame: uint8 (H, W, 3), RGB.
        box: x0, y0, x1, y1 around the object; nothing outside belongs to it. None if points of the
            object are given.
        points: on the object or beside it.

    Returns:
        uint8 (H, W) of 0 and 1; never empty.
    """
    size = frame.shape[:2]
    # In the last half pixel of a side, a point would be rounded to a pixel beyond the frame.
    points = [Point(min(p.x, size[1] - 1), min(p.y, size[0] - 1), p.is_object) for p in points]
    if box is not None:
        return _mask_by(frame, _by_box(size, box), points, _AROUND)
    reach = _reach(size, points)
    while True:
        prior = _by_points(size, points, reach)
        mask = _mask_by(frame, prior, points, 0)
        reach *= 2
        if mask.sum() > _COLLAPSED * _with_points(prior, points)[1].sum() or reach > max(size):
            return mask


def _mask_by(
    frame: UInt8Array, place: FloatArray, points: Sequence[Point], around: float
) -> UInt8Array:
    """The mask (H, W) by log odds of the place, with background that is read around it."""
    prior, on_object = _with_points(place, points)
    region = place > -np.inf
    rows, columns = _window(region | on_object, around)
    part, part_prior = _reduced(frame[rows, columns], prior[rows, columns])
    found = _cut(part, part_prior)
    height, width = prior[rows, columns].shape
    mask = np.zeros(prior.shape, np.uint8)
    mask[rows, columns] = cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR) > 0.5
    mask[np.isneginf(prior)] = 0
    mask[on_object] = 1
    answers = (_kept(mask, points), prior > -np.inf, region)
    return next(answer for answer in answers if answer.any()).astype(np.uint8)


def _with_points(
    place: FloatArray, points: Sequence[Point]
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Log odds with certainty at the points, and the pixels (H, W) of those on the object."""
    prior = place.copy()
    radius = max(round(_SEED * min(place.shape)), 1)
    for point in points:
        certain = np.inf if point.is_object else -np.inf
        cv2.circle(prior, (round(point.x), round(point.y)), radius, certain, -1)
    return prior, np.isposinf(prior)


def _by_box(size: tuple[int, int], box: Box) -> FloatArray:
    """Log odds (H, W) of the object by place: they fall along ellipses, and end at the box."""
    x0, y0, x1, y1 = box
    across = (np.arange(size[1]) + 0.5 - (x0 + x1) / 2) / ((x1 - x0) / 2)
    down = (np.arange(size[0]) + 0.5 - (y0 + y1) / 2) / ((y1 - y0) / 2)
    inside = (_pixels(y0, y1), _pixels(x0, x1))
    prior = np.full(size, -np.inf, np.float32)
    radius = np.hypot(across[None, inside[1]], down[inside[0], None])
    prior[inside] = _IN_BOX[0] + _IN_BOX[1] * radius
    return prior


def _reach(size: tuple[int, int], points: Sequence[Point]) -> float:
    """How far, in pixels, an object may reach beyond its points: the farther they are apart."""
    on_object = _places(points)
    if len(on_object) == 1:
        return _REACH_OF_ONE * min(size)
    apart = np.linalg.norm(on_object - on_object.mean(axis=0), axis=1).max()
    return max(float(apart), _LEAST_REACH * min(size))


def _places(points: Sequence[Point]) -> FloatArray:
    """x and y (N, 2) of the points on the object."""
    return np.array([(p.x, p.y) for p in points if p.is_object], np.float32)


def _by_points(size: tuple[int, int], points: Sequence[Point], reach: float) -> FloatArray:
    """Log odds (H, W) of the object by place: they fall with the distance from its points."""
    beyond = np.ones(size, np.uint8)
    cv2.fillConvexPoly(beyond, cv2.convexHull(_places(points)).round().astype(np.int32), 0)
    distance = cv2.distanceTransform(beyond, cv2.DIST_L2, 5) / reach
    prior = _AT_POINTS[0] + _AT_POINTS[1] * distance
    return np.where(distance > _FARTHEST, -np.inf, prior).astype(np.float32)


def _pixels(start: float, stop: float) -> slice:
    """The pixels from an edge of a box to the other one; one at least."""
    first = max(round(start), 0)
    return slice(first, max(round(stop), first + 1))


def _window(region: NDArray[np.bool_], around: float) -> tuple[slice, slice]:
    """Rows and columns of what may be the object, with background around it."""
    ys, xs = np.nonzero(region)
    slices = []
    for places, length in ((ys, region.shape[0]), (xs, region.shape[1])):
        low, high = int(places.min()), int(places.max()) + 1
        margin = max(round(around * (high - low)), 16)
        slices.append(slice(max(low - margin, 0), min(high + margin, length)))
    return slices[0], slices[1]


def _reduced(part: UInt8Array, prior: FloatArray) -> tuple[UInt8Array, FloatArray]:
    """Picture and prior, scaled down to the largest size that is segmented."""
    height, width = prior.shape
    scale = (_MOST_PIXELS / (height * width)) ** 0.5
    if scale >= 1:
        return np.ascontiguousarray(part), np.ascontiguousarray(prior)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    odds = cv2.resize(prior, size, interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(small, np.uint8), np.asarray(odds, np.float32)


def _cut(part: UInt8Array, prior: FloatArray) -> FloatArray:
    """GrabCut's answer (H, W) of 0 and 1; the probable pixels if one class has none."""
    probable = object_probability(part, prior) > 0.5
    classes = np.where(probable, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    classes[np.isneginf(prior)] = cv2.GC_BGD
    classes[np.isposinf(prior)] = cv2.GC_FGD
    if probable.any() and not probable.all():
        cv2.setRNGSeed(0)  # its mixtures begin at random
        models = np.zeros((2, 1, 65), np.float64)
        whole = (0, 0, part.shape[1], part.shape[0])  # not read in this mode
        cv2.grabCut(part, classes, whole, models[0], models[1], _ITERATIONS, cv2.GC_INIT_WITH_MASK)
        probable = (classes == cv2.GC_PR_FGD) | (classes == cv2.GC_FGD)
    return probable.astype(np.float32)


def _kept(mask: UInt8Array, points: Sequence[Point]) -> UInt8Array:
    """The components that hold a point of the object; without points, all but the small ones."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    if count == 1:
        return mask
    keep: NDArray[np.bool_] = np.zeros(count, dtype=bool)
    for point in points:
        keep[labels[round(point.y), round(point.x)]] |= point.is_object
    keep[0] = False
    if not keep.any():
        areas = stats[1:, cv2.CC_STAT_AREA]
        keep[1:] = areas >= _SMALL * areas.max()
    return np.asarray(keep[labels], np.uint8)
