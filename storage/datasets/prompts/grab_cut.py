"""The mask of an object from a box or points in one picture, by GrabCut.

Rother, Kolmogorov and Blake, "GrabCut", SIGGRAPH 2004, as OpenCV implements it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from storage.datasets.source import UInt8Array

GRAB_CUT_VERSION = 1
"""Raised when the same prompts begin to give other masks."""

_ITERATIONS = 5
_MOST_SIDE = 480
"""Short side, in pixels, of the part of the picture that is segmented."""
_AROUND = 0.5
"""Background that is read around the object's region, relative to the region's sides."""
_REACH = 0.15
"""How far an object may reach beyond its points, relative to the picture's short side."""
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
    seeds = _seeds(frame.shape[:2], box, points)
    rows, columns = _window(seeds)
    part, part_seeds = _reduced(frame[rows, columns], seeds[rows, columns])
    found = _cut(part, part_seeds)
    height, width = seeds[rows, columns].shape
    mask = np.zeros(frame.shape[:2], np.uint8)
    mask[rows, columns] = cv2.resize(found, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    mask[(seeds == cv2.GC_BGD)] = 0
    mask[(seeds == cv2.GC_FGD)] = 1
    kept = _kept(mask, points)
    return kept if kept.any() else np.asarray(seeds == cv2.GC_PR_FGD, np.uint8)


def _seeds(size: tuple[int, ...], box: Box | None, points: Sequence[Point]) -> UInt8Array:
    """GrabCut's classes (H, W) before it begins."""
    short = min(size)
    if box is not None:
        seeds = np.full(size, cv2.GC_BGD, np.uint8)
        x0, y0, x1, y1 = (round(edge) for edge in box)
        seeds[max(y0, 0) : y1, max(x0, 0) : x1] = cv2.GC_PR_FGD
    else:
        seeds = np.full(size, cv2.GC_PR_BGD, np.uint8)
        on_object = np.array([(p.x, p.y) for p in points if p.is_object], np.float32)
        hull = cv2.convexHull(on_object).round().astype(np.int32)
        region = np.zeros(size, np.uint8)
        cv2.fillConvexPoly(region, hull, 1)
        reach = 2 * max(round(_REACH * short), 2) + 1
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
        seeds[cv2.dilate(region, disc) > 0] = cv2.GC_PR_FGD
    radius = max(round(_SEED * short), 1)
    for point in points:
        label = cv2.GC_FGD if point.is_object else cv2.GC_BGD
        cv2.circle(seeds, (round(point.x), round(point.y)), radius, label, -1)
    return seeds


def _window(seeds: UInt8Array) -> tuple[slice, slice]:
    """Rows and columns of what may be the object, with background around it."""
    ys, xs = np.nonzero((seeds == cv2.GC_PR_FGD) | (seeds == cv2.GC_FGD))
    slices = []
    for places, length in ((ys, seeds.shape[0]), (xs, seeds.shape[1])):
        low, high = int(places.min()), int(places.max()) + 1
        margin = max(round(_AROUND * (high - low)), 16)
        slices.append(slice(max(low - margin, 0), min(high + margin, length)))
    return slices[0], slices[1]


def _reduced(part: UInt8Array, seeds: UInt8Array) -> tuple[UInt8Array, UInt8Array]:
    """Picture and classes, scaled down to the largest size that is segmented."""
    scale = _MOST_SIDE / min(part.shape[:2])
    if scale >= 1:
        return np.ascontiguousarray(part), np.ascontiguousarray(seeds)
    size = (max(round(part.shape[1] * scale), 1), max(round(part.shape[0] * scale), 1))
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    classes = cv2.resize(seeds, size, interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(small, np.uint8), np.asarray(classes, np.uint8)


def _cut(part: UInt8Array, seeds: UInt8Array) -> UInt8Array:
    """GrabCut's answer (H, W) of 0 and 1; the seeds where it cannot tell the classes apart."""
    classes = seeds.copy()
    is_object = (classes == cv2.GC_PR_FGD) | (classes == cv2.GC_FGD)
    if is_object.any() and not is_object.all():
        cv2.setRNGSeed(0)  # its mixtures begin at random
        models = np.zeros((2, 1, 65), np.float64)
        whole = (0, 0, part.shape[1], part.shape[0])  # not read in this mode
        cv2.grabCut(part, classes, whole, models[0], models[1], _ITERATIONS, cv2.GC_INIT_WITH_MASK)
        is_object = (classes == cv2.GC_PR_FGD) | (classes == cv2.GC_FGD)
    return np.asarray(is_object, np.uint8)


def _kept(mask: UInt8Array, points: Sequence[Point]) -> UInt8Array:
    """The components that hold a point of the object; without points, all but the small ones."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    if count == 1:
        return mask
    keep: NDArray[np.bool_] = np.zeros(count, dtype=bool)
    height, width = mask.shape
    for point in points:
        x, y = min(round(point.x), width - 1), min(round(point.y), height - 1)
        keep[labels[y, x]] |= point.is_object
    keep[0] = False
    if not keep.any():
        areas = stats[1:, cv2.CC_STAT_AREA]
        keep[1:] = areas >= _SMALL * areas.max()
    return np.asarray(keep[labels], np.uint8)
