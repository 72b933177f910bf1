"""Random geometry of a training sample: frame, target and flow change together (section 4)."""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskrnn_core.networks.inputs import IMAGENET_MEAN
from maskrnn_core.options import AugmentationOptions
from maskrnn_core.video import VOID, FloatArray, UInt8Array

_BORDER_COLOUR = tuple(round(255 * value) for value in IMAGENET_MEAN)


@dataclass(frozen=True)
class FlowPair:
    """Optical flow from a frame to its neighbours."""

    backward: FloatArray
    """(H, W, 2) in pixels; zero if there is no previous frame."""
    forward: FloatArray
    """(H, W, 2) in pixels; zero if there is no next frame."""


@dataclass(frozen=True)
class FrameSample:
    """One frame with its target and flows, all of the same height and width."""

    frame: UInt8Array
    """(H, W, 3) RGB."""
    target: UInt8Array
    """(H, W): 1 object, 0 background, 255 void."""
    flows: FlowPair | None
    """None for networks that read no flow: nothing is spent on it."""


@dataclass(frozen=True)
class Geometry:
    """Similarity from frame to crop, possibly mirrored, and a change of brightness."""

    matrix: NDArray[np.float64]
    """(2, 3), maps pixel coordinates (x, y) of the frame to those of the crop."""
    size: tuple[int, int]
    """Height and width of the crop."""
    gain: float = 1.0
    offset: float = 0.0
    """Brightness: gain * value + offset, in grey levels."""


def random_geometry(
    rng: np.random.Generator,
    size: tuple[int, int],
    output_size: tuple[int, int],
    box: FloatArray | None,
    options: AugmentationOptions,
) -> Geometry:
    """Draw flip, rotation, scale and crop; the crop contains the object's box if it fits.

    If the box is larger than the crop, the centre of the crop lies in the box.

    Args:
        rng: source of randomness.
        size: height and width of the frame.
        output_size: height and width of the crop.
        box: the object's box in the frame, or None.
        options: the largest changes.
    """
    scale = rng.uniform(*options.scale) * output_size[0] / (options.crop * size[0])
    angle = math.radians(rng.uniform(-options.rotation, options.rotation))
    mirror = -1.0 if options.flip and rng.random() < 0.5 else 1.0
    linear = scale * np.array(
        [[mirror * math.cos(angle), -math.sin(angle)], [mirror * math.sin(angle), math.cos(angle)]]
    )
    extent = np.array(output_size[::-1], dtype=np.float64)
    frame_extent = np.array(size[::-1], dtype=np.float64)
    half = extent / (2 * scale)
    slack = np.maximum(frame_extent / 2 - half, 0)
    view = frame_extent / 2 + rng.uniform(-1, 1, 2) * slack
    if box is not None:
        corners = np.asarray(box, dtype=np.float64).reshape(2, 2)
        middle, reach = corners.mean(axis=0), np.ptp(corners, axis=0) / 2
        room = extent / 2 - np.abs(linear) @ reach
        if (room < 0).any():
            view = np.clip(view, corners[0], corners[1])
        # Largest distance between the centres of box and crop, in pixels of the crop.
        limit = np.where(room < 0, np.inf, room)
        apart = np.clip(linear @ (middle - view), -limit, limit)
        view = middle - np.linalg.solve(linear, apart)
    # Pixel centres have integer coordinates, half a pixel off the continuous ones.
    shift = extent / 2 - 0.5 - linear @ (view - 0.5)
    gain = 1 + options.brightness * rng.uniform(-1, 1)
    offset = 255 * options.brightness * rng.uniform(-1, 1) / 2
    return Geometry(np.column_stack((linear, shift)), output_size, gain, offset)


def transform(sample: FrameSample, geometry: Geometry) -> FrameSample:
    """Apply a geometry.

    Pixels from outside the frame have the mean colour, a void target and zero flow.
    """
    frame = _warp(sample.frame, geometry, cv2.INTER_LINEAR, _BORDER_COLOUR)
    if geometry.gain != 1 or geometry.offset != 0:
        frame = cv2.LUT(frame, _brightness(geometry))
    return FrameSample(
        frame=frame.astype(np.uint8),
        target=_warp(sample.target, geometry, cv2.INTER_NEAREST, VOID).astype(np.uint8),
        flows=None if sample.flows is None else transform_flows(sample.flows, geometry),
    )


def _brightness(geometry: Geometry) -> UInt8Array:
    """The new grey level of each of the 256."""
    levels = np.arange(256) * geometry.gain + geometry.offset
    return np.asarray(np.clip(np.rint(levels), 0, 255), np.uint8)


def transform_flows(flows: FlowPair, geometry: Geometry) -> FlowPair:
    """Apply a geometry to both flows, whose vectors turn and scale with the image."""
    return FlowPair(
        _transform_flow(flows.backward, geometry), _transform_flow(flows.forward, geometry)
    )


def _transform_flow(flow: FloatArray, geometry: Geometry) -> FloatArray:
    moved = _warp(flow, geometry, cv2.INTER_LINEAR, 0)
    linear = geometry.matrix[:, :2].astype(np.float32)
    return (moved @ linear.T).astype(np.float32)


def _warp(
    image: NDArray[np.uint8] | FloatArray,
    geometry: Geometry,
    interpolation: int,
    border: int | tuple[int, ...],
) -> NDArray[Any]:
    height, width = geometry.size
    return cv2.warpAffine(
        image,
        geometry.matrix,
        (width, height),
        flags=interpolation,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=border,
    )
