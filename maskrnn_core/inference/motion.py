"""Optical flow as evidence: which pixels move with the background and not with the object."""

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from maskrnn_core.inference.continuity import Window
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

EVERYTHING = (slice(None), slice(None))
"""A window of the whole frame."""


class _Motion(NamedTuple):
    coefficients: FloatArray
    """(6, 2), of 1, x, y, xy, x^2 and y^2."""
    scale: float
    """Size of a usual residual, in pixels."""


def background_evidence(
    flow: FloatArray, mask: Mask, weight: float, window: Window = EVERYTHING
) -> FloatArray | None:
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
        window: rows and columns that are asked for; the motions are those of the whole frame.

    Returns:
        float32, of the size of the window, from -6 to 0; None where too few pixels tell one of the
        motions.
    """
    own, others = _fitted(flow, _inside(mask)), _fitted(flow, _outside(mask))
    if own is None or others is None:
        return None
    difference = _agreement(flow, own, window) - _agreement(flow, others, window)
    evidence = np.clip(np.float32(weight) * difference, -STRONGEST, 0)
    return np.where(mask[window], np.float32(0), evidence)


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


def _fitted(flow: FloatArray, where: Mask) -> _Motion | None:
    """The motion of the pixels, by iteratively reweighted least squares with Cauchy weights."""
    places = np.flatnonzero(where)
    if len(places) < FEWEST:
        return None
    if len(places) > SAMPLES:
        places = places[np.linspace(0, len(places) - 1, SAMPLES).astype(int)]
    rows, columns = np.divmod(places, where.shape[1])
    x, y = _centred(rows, columns, where.shape)
    terms = np.stack((np.ones_like(x), x, y, x * y, x * x, y * y), axis=-1).astype(np.float64)
    moved = flow[rows, columns].astype(np.float64)
    weights = np.ones(len(places))
    for _ in range(ROUNDS):
        weighted = (weights[:, None] * terms).T
        # A small ridge: where all pixels lie on a line, some terms cannot be told apart.
        normal = weighted @ terms + 1e-6 * np.eye(terms.shape[1])
        coefficients = np.linalg.solve(normal, weighted @ moved)
        residual = np.linalg.norm(moved - terms @ coefficients, axis=1)
        scale = max(1.48 * float(np.median(residual)), SMALLEST_SCALE)
        weights = 1 / (1 + (residual / scale) ** 2)
    return _Motion(coefficients.astype(np.float32), scale)


def _agreement(flow: FloatArray, motion: _Motion, window: Window) -> FloatArray:
    """How well the flow of each pixel of a window agrees with a motion, 0 at best."""
    rows, columns = (
        np.arange(side)[part] for side, part in zip(flow.shape[:2], window, strict=True)
    )
    x, y = _centred(rows, columns, flow.shape)
    y = y[:, None]
    squared = np.zeros((len(rows), len(columns)), np.float32)
    for component, (c, cx, cy, cxy, cxx, cyy) in enumerate(motion.coefficients.T):
        expected = (c + cy * y + cyy * y * y) + (cx * x + cxx * x * x) + cxy * x * y
        squared += (flow[window][..., component] - expected) ** 2
    agreement: FloatArray = np.float32(-1.5) * np.log1p(squared / np.float32(motion.scale**2))
    return agreement


def _centred(
    rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, ...]
) -> tuple[FloatArray, FloatArray]:
    """x and y of pixels from the centre of the frame, in widths of the frame."""
    height, width = shape[:2]
    x, y = (columns - width / 2) / width, (rows - height / 2) / width
    return x.astype(np.float32), y.astype(np.float32)
