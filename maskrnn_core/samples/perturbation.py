"""Perturbs a true mask at random, to imitate an imperfect previous prediction (section 4)."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from maskrnn_core.geometry.boxes import mask_box
from maskrnn_core.options import PerturbationOptions
from maskrnn_core.video import FloatArray

_CONTROL_POINTS = 4
"""Number of control points of the deformation along each side of the object's box."""
_BLOB_RADII = (0.1, 0.4)
"""Smallest and largest radius of a blob, relative to the sides of the object's box."""
GRID_STEP = 8
"""The displacement is smooth, so it is evaluated at every 8th pixel and interpolated."""


def perturb_mask(
    mask: NDArray[np.bool_], rng: np.random.Generator, options: PerturbationOptions
) -> FloatArray:
    """Dilate or erode, deform, resize, rotate and translate a mask at random.

    Now and then a blob at the outline is missing or added (`blob`), and the mask shows the object
    twice, the second time where it is not (`ghost`).

    Args:
        mask: (H, W), boolean.
        rng: source of randomness.
        options: the largest changes, relative to the mask (`morphology`) or the object's box.

    Returns:
        (H, W) float32 in [0, 1], soft at the edges; zeros for an empty mask.
    """
    box = mask_box(mask)
    if box is None or rng.random() < options.drop:
        return np.zeros(mask.shape, dtype=np.float32)
    x, y = _source_coordinates(box, mask.shape, rng, options)
    moved = cv2.remap(
        mask.astype(np.float32), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    largest = options.morphology * min(mask.shape) / 480
    radius = rng.uniform(-largest, largest)
    perturbed = _dilate(moved.astype(np.float32), radius)
    if options.blob > 0 and rng.random() < options.blob:
        perturbed = _with_blob(perturbed, box, rng)
    if options.ghost > 0 and rng.random() < options.ghost:
        return np.maximum(perturbed, _moved_anywhere(perturbed, box, rng))
    return perturbed


def _with_blob(mask: FloatArray, box: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The mask with an ellipse around a pixel of its outline cleared or filled."""
    inside = (mask >= 0.5).astype(np.uint8)
    rows, columns = np.nonzero(cv2.dilate(inside, np.ones((3, 3), np.uint8)) - inside)
    value = float(rng.random() < 0.5)
    radii = rng.uniform(*_BLOB_RADII, 2) * (box[2] - box[0], box[3] - box[1])
    angle = rng.uniform(0, 180)
    if not len(rows):
        return mask
    index = rng.integers(len(rows))
    middle = (int(columns[index]), int(rows[index]))
    axes = (max(round(radii[0]), 1), max(round(radii[1]), 1))
    return cv2.ellipse(mask.copy(), middle, axes, angle, 0, 360, value, cv2.FILLED)  # type: ignore[return-value]


def _moved_anywhere(mask: FloatArray, box: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The mask with the middle of its box moved to any pixel of the frame."""
    height, width = mask.shape
    middle = np.array([box[0] + box[2], box[1] + box[3]], dtype=np.float64) / 2
    x, y = rng.uniform(0, 1, 2) * (width, height) - middle
    moved = cv2.warpAffine(mask, np.array([[1, 0, x], [0, 1, y]]), (width, height))
    return moved.astype(np.float32)


def _source_coordinates(
    box: FloatArray,
    size: tuple[int, ...],
    rng: np.random.Generator,
    options: PerturbationOptions,
) -> tuple[FloatArray, FloatArray]:
    """Coordinates in the true mask for each pixel of the perturbed mask."""
    height, width = size
    extent = np.array([box[2] - box[0], box[3] - box[1]], dtype=np.float64)
    middle = np.array([box[0] + box[2] - 1, box[1] + box[3] - 1], dtype=np.float64) / 2
    angle = math.radians(rng.uniform(-options.rotation, options.rotation))
    scale = 1 + rng.uniform(-options.scale, options.scale)
    shift = rng.uniform(-1, 1, 2) * options.translation * extent
    cos, sin = math.cos(angle) / scale, math.sin(angle) / scale

    columns = np.arange(0, width + GRID_STEP, GRID_STEP, dtype=np.float64)
    rows = np.arange(0, height + GRID_STEP, GRID_STEP, dtype=np.float64)
    grid = np.stack(np.meshgrid(columns, rows), axis=-1) - middle - shift
    turned = grid @ np.array([[cos, -sin], [sin, cos]])
    normalised = turned / np.maximum(extent, 1) * 2
    displaced = turned + thin_plate(normalised, rng, options.deformation) * extent + middle
    return interpolate(displaced[..., 0], size), interpolate(displaced[..., 1], size)


def interpolate(coarse: NDArray[np.float64], size: tuple[int, ...]) -> FloatArray:
    """Interpolate values at every `GRID_STEP`-th pixel to values at every pixel."""
    height, width = size
    x = np.arange(width, dtype=np.float32) / GRID_STEP
    y = np.arange(height, dtype=np.float32) / GRID_STEP
    map_x, map_y = np.meshgrid(x, y)
    fine = cv2.remap(coarse.astype(np.float32), map_x, map_y, cv2.INTER_LINEAR)
    return fine.astype(np.float32)


def thin_plate(
    points: NDArray[np.float64], rng: np.random.Generator, strength: float
) -> NDArray[np.float64]:
    """Thin-plate spline through random displacements of a grid of control points.

    Args:
        points: (..., 2), in units in which the object's box is [-1, 1] in x and y.
        rng: source of randomness.
        strength: largest displacement of a control point, relative to the box.

    Returns:
        Displacements (..., 2), relative to the box; constant beyond the control points' reach.
    """
    ticks = np.linspace(-1, 1, _CONTROL_POINTS)
    control = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    values = rng.uniform(-strength, strength, control.shape)
    clipped = np.clip(points, -1.5, 1.5)
    affine = np.column_stack((np.ones(len(control)), control))
    system = np.block([[_kernel(control, control), affine], [affine.T, np.zeros((3, 3))]])
    weights = np.linalg.solve(system, np.vstack((values, np.zeros((3, 2)))))
    flat = clipped.reshape(-1, 2)
    basis = np.column_stack((_kernel(flat, control), np.ones(len(flat)), flat))
    return (basis @ weights).reshape(points.shape)


def _kernel(points: NDArray[np.float64], control: NDArray[np.float64]) -> NDArray[np.float64]:
    squared = ((points[:, None] - control[None]) ** 2).sum(axis=-1)
    result: NDArray[np.float64] = squared * np.log(squared + 1e-12)
    return result


def _dilate(mask: FloatArray, radius: float) -> FloatArray:
    """Dilate by a disk of the rounded radius; erode if the radius is negative."""
    pixels = round(abs(radius))
    if pixels == 0:
        return mask
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    changed = cv2.dilate(mask, disk) if radius > 0 else cv2.erode(mask, disk)
    return changed.astype(np.float32)
