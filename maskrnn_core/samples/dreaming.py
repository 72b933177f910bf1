"""Samples made from one annotated frame (Khoreva et al., "Lucid Data Dreaming", 2017).

The object is cut out and the background behind it inpainted. Both move on their own, the light
changes, and something may come before the object. Target and optical flow follow exactly.
"""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskrnn_core.geometry.boxes import mask_box
from maskrnn_core.options import DreamOptions
from maskrnn_core.samples.augmentation import FlowPair, FrameSample
from maskrnn_core.samples.blobs import ellipse_on
from maskrnn_core.samples.perturbation import GRID_STEP, interpolate, thin_plate
from maskrnn_core.video import VOID, FloatArray

_INPAINT_RADIUS = 3
_OCCLUDER = (0.1, 0.3)
"""Radii of an ellipse on the object where the background is seen in its place."""
_HALO = 5
"""Side of the square by which what is inpainted exceeds the object: its edge is blurred into the
background."""

Affine = NDArray[np.float64]
"""(2, 3), pixel coordinates (x, y) to pixel coordinates."""


class Dreamer:
    """Makes frames of an object at other places, before a background that moves.

    Args:
        sample: one frame. Its flows are not read; without them the dreams have none.
        options: largest changes.
    """

    def __init__(self, sample: FrameSample, options: DreamOptions) -> None:
        self._sample = sample
        self._frame = np.ascontiguousarray(sample.frame)
        self._options = options
        self._box = mask_box(sample.target == 1)
        mask = (sample.target == 1).astype(np.uint8)
        self._mask = mask.astype(np.float32)
        disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_HALO, _HALO))
        hole = cv2.dilate(mask, disk)
        self._background = cv2.inpaint(self._frame, hole, _INPAINT_RADIUS, cv2.INPAINT_TELEA)
        self._void = (sample.target == VOID).astype(np.uint8)

    def draw(self, rng: np.random.Generator) -> FrameSample:
        """A frame of the object in another pose; flows follow the motion, if the frame has flows.

        A frame without the object is returned as it is.
        """
        if self._box is None:
            return self._sample
        size, options = self._mask.shape, self._options
        whole = np.array([0, 0, size[1], size[0]], dtype=np.float32)
        pose = self._object_coordinates(self._box, rng)
        step = random_motion(self._box, rng, options.motion, options.turn, options.turn / 100)
        view = random_motion(whole, rng, options.camera, options.turn / 2, options.camera)
        camera = random_motion(whole, rng, options.camera, options.turn / 4, options.camera / 4)

        view_grid = _grid(view, size)
        behind = _remap(self._background, view_grid, cv2.BORDER_REFLECT_101)
        void = _remap(self._void, view_grid, cv2.BORDER_REFLECT_101)
        alpha = _remap(self._mask, pose, cv2.BORDER_CONSTANT)
        if rng.random() < options.occluder:
            alpha = np.where(ellipse_on(alpha >= 0.5, rng, _OCCLUDER), np.float32(0), alpha)
        edge = cv2.GaussianBlur(alpha, (3, 3), 0)
        light_of_front = _light(rng, options)
        frame = cv2.transform(behind, _light(rng, options))
        if (seen := mask_box(edge > 0)) is not None:
            left, top, right, bottom = seen.astype(int).tolist()
            there = slice(top, bottom), slice(left, right)
            front = _remap(self._frame, pose[there], cv2.BORDER_REFLECT_101)
            share = edge[there][..., None]
            lit = cv2.transform(front, light_of_front)
            frame[there] = lit * share + frame[there] * (1 - share)
        shown = alpha >= 0.5
        target = np.where(shown, np.uint8(1), np.where(void > 0, np.uint8(VOID), np.uint8(0)))
        return FrameSample(
            frame=np.clip(np.rint(frame), 0, 255).astype(np.uint8),
            target=target,
            flows=None if self._sample.flows is None else _flows(shown, step, camera),
        )

    def _object_coordinates(self, box: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Where each pixel (H, W, 2) of the dream is read in the frame, for the object."""
        options, size = self._options, self._mask.shape
        pose = random_motion(box, rng, options.translation, options.rotation, options.scale)
        middle, extent = _middle_extent(box)
        columns = np.arange(0, size[1] + GRID_STEP, GRID_STEP, dtype=np.float64)
        rows = np.arange(0, size[0] + GRID_STEP, GRID_STEP, dtype=np.float64)
        grid = np.stack(np.meshgrid(columns, rows), axis=-1)
        coarse = grid @ pose[:, :2].T + pose[:, 2]
        normalised = (coarse - middle) / np.maximum(extent, 1) * 2
        coarse = coarse + thin_plate(normalised, rng, options.deformation) * extent
        return np.stack([interpolate(coarse[..., axis], size) for axis in (0, 1)], axis=-1)


def random_motion(
    box: FloatArray, rng: np.random.Generator, translation: float, rotation: float, scale: float
) -> Affine:
    """A similarity about the middle of a box.

    Args:
        box: xyxy in pixels.
        rng: source of randomness.
        translation: largest shift, relative to the box.
        rotation: largest angle, degrees.
        scale: largest relative change of size.
    """
    middle, extent = _middle_extent(box)
    angle = math.radians(rng.uniform(-rotation, rotation))
    factor = 1 + rng.uniform(-scale, scale)
    shift = rng.uniform(-1, 1, 2) * translation * extent
    cos, sin = factor * math.cos(angle), factor * math.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]])
    return np.column_stack((linear, middle + shift - linear @ middle))


def _middle_extent(box: FloatArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    corners = np.asarray(box, dtype=np.float64).reshape(2, 2)
    return (corners.sum(axis=0) - 1) / 2, np.ptp(corners, axis=0)


def _inverse(motion: Affine) -> Affine:
    linear = np.linalg.inv(motion[:, :2])
    return np.column_stack((linear, -linear @ motion[:, 2]))


def _grid(motion: Affine, size: tuple[int, ...]) -> FloatArray:
    """Where the motion brings each pixel: (H, W, 2)."""
    rows, columns = np.arange(size[0], dtype=np.float64)[:, None], np.arange(size[1])
    grid = np.empty((*size, 2), dtype=np.float32)
    for axis, (by_column, by_row, shift) in enumerate(motion):
        grid[..., axis] = by_column * columns + (by_row * rows + shift)
    return grid


def _flows(shown: NDArray[np.bool_], step: Affine, camera: Affine) -> FlowPair:
    """The motion of one frame, undone and done once more."""
    return FlowPair(_flow(shown, step, camera), _flow(shown, _inverse(step), _inverse(camera)))


def _flow(shown: NDArray[np.bool_], step: Affine, camera: Affine) -> FloatArray:
    """Displacement (H, W, 2) of every pixel, by the object's motion where it shows."""
    moved = np.where(shown[..., None], _grid(step, shown.shape), _grid(camera, shown.shape))
    still = np.array([[1, 0, 0], [0, 1, 0]], dtype=np.float64)
    return (moved - _grid(still, shown.shape)).astype(np.float32)


def _remap(image: NDArray[Any], grid: FloatArray, border: int) -> FloatArray:
    """The image read at the coordinates (H, W, 2); labels (uint8, (H, W)) are not mixed."""
    is_label = image.ndim == 2 and image.dtype == np.uint8
    interpolation = cv2.INTER_NEAREST if is_label else cv2.INTER_LINEAR
    moved = cv2.remap(image, grid, None, interpolation, borderMode=border)  # type: ignore[call-overload]
    return moved.astype(np.float32)  # type: ignore[no-any-return]


def _light(rng: np.random.Generator, options: DreamOptions) -> NDArray[np.float64]:
    """Another light (3, 4): a gain for each channel, and one offset."""
    gain = 1 + options.light * (rng.uniform(-1, 1) + 0.3 * rng.uniform(-1, 1, 3))
    offset = 255 * options.light * rng.uniform(-1, 1) / 2
    return np.column_stack((np.diag(gain), np.full(3, offset)))
