"""Optical flow as evidence: which pixels move with the background and not with the object."""

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from maskrnn_core.video import FloatArray

INNER_MARGIN = 0.06
"""How far from the outline the object's motion is read, relative to the root of its area: optical
flow is blurred there."""
OUTER_MARGIN = 0.015
"""How far from it the background's is read, relative to the frame's width."""

SAMPLES = 3_000
"""Pixels to which a motion is fitted, at most."""
FEWEST = 20
"""Fewer tell no motion."""
ROUNDS = 8
"""Of the fit; each weighs the pixels by the residuals of the round before."""
SMALLEST_SCALE = 0.15
"""Pixels: optical flow is no more exact than this."""

STRONGEST = 6.0
"""Largest evidence, in log odds: the network may overrule it."""

Mask = NDArray[np.bool_]


class _Motion(NamedTuple):
    coefficients: FloatArray
    """(6, 2), by which the terms of the place are multiplied."""
    scale: float
    """Size of a usual residual, in pixels."""


def background_evidence(flow: FloatArray, mask: Mask, weight: float) -> FloatArray | None:
    """By how much the log odds of the object fall where pixels move with the background.

    The motions of object and background are polynomials of second degree in the place, fitted
    robustly to the flow inside the mask and outside of it. The residual r of a pixel is taken
    relative to the usual one of that motion, with the heavy tail of a bivariate Cauchy
    distribution: -3/2 log(1 + r^2 / scale^2). The evidence is the difference of the two, where it
    speaks against the object. (Densities would be divided by scale^2, too. That is unfair to
    objects with limbs, whose motion has a large scale; measured, it helped no more.)

    It is zero inside of the mask: a foot on the ground does not move either.

    Args:
        flow: float32 (H, W, 2), backward flow (dx, dy) in pixels.
        mask: (H, W), the warped mask.
        weight: factor of the evidence.

    Returns:
        float32 (H, W), from -6 to 0; None where too few pixels tell one of the motions.
    """
    terms = _terms(*mask.shape)
    own = _fitted(flow, terms, _inside(mask))
    others = _fitted(flow, terms, _outside(mask))
    if own is None or others is None:
        return None
    difference = _agreement(flow, terms, own) - _agreement(flow, terms, others)
    return np.where(mask, np.float32(0), np.clip(np.float32(weight) * difference, -STRONGEST, 0))


def _terms(height: int, width: int) -> FloatArray:
    """1, x, y, xy, x^2, y^2 of every pixel (H, W, 6); from the centre, in widths of the frame."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = (x - width / 2) / width, (y - height / 2) / width
    return np.stack((np.ones_like(x), x, y, x * y, x * x, y * y), axis=-1)


def _inside(mask: Mask) -> Mask:
    """The mask without its margin, or the whole of it where next to nothing else is left."""
    inner = _grown(mask, -math.sqrt(mask.sum()) * INNER_MARGIN)
    return inner if inner.sum() > FEWEST else mask


def _outside(mask: Mask) -> Mask:
    return ~_grown(mask, mask.shape[1] * OUTER_MARGIN)


def _grown(mask: Mask, pixels: float) -> Mask:
    """The mask grown by so many pixels, at least one, or shrunk where the number is negative."""
    side = 2 * max(int(abs(pixels)), 1) + 1
    change = cv2.dilate if pixels > 0 else cv2.erode
    return change(mask.astype(np.uint8), np.ones((side, side), np.uint8)) > 0


def _fitted(flow: FloatArray, terms: FloatArray, where: Mask) -> _Motion | None:
    """The motion of the pixels, by iteratively reweighted least squares with Cauchy weights."""
    places = np.flatnonzero(where)
    if len(places) < FEWEST:
        return None
    if len(places) > SAMPLES:
        places = places[np.linspace(0, len(places) - 1, SAMPLES).astype(int)]
    known = terms.reshape(-1, terms.shape[-1])[places].astype(np.float64)
    moved = flow.reshape(-1, 2)[places].astype(np.float64)
    weights = np.ones(len(places))
    for _ in range(ROUNDS):
        weighted = (weights[:, None] * known).T
        # A small ridge: where all pixels lie on a line, some terms cannot be told apart.
        normal = weighted @ known + 1e-6 * np.eye(known.shape[1])
        coefficients = np.linalg.solve(normal, weighted @ moved)
        residual = np.linalg.norm(moved - known @ coefficients, axis=1)
        scale = max(1.48 * float(np.median(residual)), SMALLEST_SCALE)
        weights = 1 / (1 + (residual / scale) ** 2)
    return _Motion(coefficients.astype(np.float32), scale)


def _agreement(flow: FloatArray, terms: FloatArray, motion: _Motion) -> FloatArray:
    """How well each pixel's flow agrees with a motion (H, W), 0 at best."""
    residual = flow - terms @ motion.coefficients
    squared = (residual**2).sum(axis=-1) / np.float32(motion.scale**2)
    return np.asarray(-1.5 * np.log1p(squared), np.float32)
