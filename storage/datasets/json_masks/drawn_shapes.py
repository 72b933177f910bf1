"""Shapes of annotation programs (polygons, boxes, circles, painted areas) as polygons or masks."""

import base64
import io
from typing import Any

import numpy as np
from PIL import Image

from storage.datasets.images.image_files import UNREADABLE, size_fault
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError

_CORNERS = 72
"""Corners of the polygon that stands for a circle."""

Polygons = list[list[float]]


def labelme_shape(
    where: str, shape: dict[str, Any], size: tuple[int, int] | None
) -> Polygons | UInt8Array:
    """Read a shape of labelme: polygon, rectangle, circle or mask.

    Args:
        where: file and place, for messages.
        shape: the shape as in the file.
        size: height and width of its picture; a mask needs it.

    Raises:
        DatasetError: the shape is a line or point without area, or cannot be read.
    """
    kind = shape.get("shape_type") or "polygon"
    points = [(float(x), float(y)) for x, y in shape["points"]]
    if kind in ("polygon", "rotation"):
        return [[value for point in points for value in point]]
    if kind == "rectangle" and len(points) == 2:
        return [_box(*points[0], *points[1])]
    if kind == "circle" and len(points) == 2:
        (x, y), (edge_x, edge_y) = points
        radius = float(np.hypot(edge_x - x, edge_y - y))
        return [_ellipse(x, y, radius, radius)]
    if kind == "mask" and size is not None and points:
        return _painted(where, shape["mask"], points[0], size)
    raise DatasetError(f"{where} is a {kind}, which has no area. Draw it as a polygon.")


def via_shape(where: str, shape: dict[str, Any]) -> Polygons:
    """Read a region of the VGG Image Annotator: polygon, rect, circle or ellipse.

    Raises:
        DatasetError: the region is a line or point without area.
    """
    kind = shape.get("name")
    if kind == "polygon":
        pairs = zip(shape["all_points_x"], shape["all_points_y"], strict=True)
        return [[value for pair in pairs for value in pair]]
    if kind == "rect":
        x, y = shape["x"], shape["y"]
        return [_box(x, y, x + shape["width"], y + shape["height"])]
    if kind == "circle":
        return [_ellipse(shape["cx"], shape["cy"], shape["r"], shape["r"])]
    if kind == "ellipse" and not shape.get("theta"):
        return [_ellipse(shape["cx"], shape["cy"], shape["rx"], shape["ry"])]
    raise DatasetError(f"{where} is a {kind}, which is not read. Draw it as a polygon.")


def _box(left: float, top: float, right: float, bottom: float) -> list[float]:
    return [left, top, right, top, right, bottom, left, bottom]


def _ellipse(x: float, y: float, radius_x: float, radius_y: float) -> list[float]:
    angles = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    points = np.stack([x + radius_x * np.cos(angles), y + radius_y * np.sin(angles)], axis=1)
    return [float(value) for value in points.reshape(-1)]


def _painted(
    where: str, text: Any, corner: tuple[float, float], size: tuple[int, int]
) -> UInt8Array:
    """Read a painted area: a PNG in base64 with its upper left corner at `corner`."""
    try:
        with Image.open(io.BytesIO(base64.b64decode(text, validate=True))) as image:
            if fault := size_fault(image.height, image.width) or size_fault(*size):
                raise DatasetError(f"{where} {fault}. Draw it again.")
            area = np.asarray(image.convert("L")) > 0
    except (*UNREADABLE, OSError, TypeError) as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(f"{where} contains no readable PNG ({error}).") from error
    mask = np.zeros(size, np.uint8)
    x, y = round(corner[0]), round(corner[1])
    area = area[max(0, -y) :, max(0, -x) :]
    left, top = max(0, x), max(0, y)
    part = mask[top : top + area.shape[0], left : left + area.shape[1]]
    part[:] = area[: part.shape[0], : part.shape[1]]
    return mask
