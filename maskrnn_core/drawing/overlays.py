"""Label maps drawn over frames, and sheets of pictures."""

from collections.abc import Sequence

import cv2
import numpy as np

from maskrnn_core.drawing.palette import davis_palette
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.video import UInt8Array

_GAP = 255
"""Grey level between the pictures of a sheet."""


def overlay(
    frame: UInt8Array, label_map: UInt8Array, alpha: float = 0.45, contour: int = 1
) -> UInt8Array:
    """The frame with every labelled region tinted in its colour of the DAVIS palette.

    Args:
        frame: uint8 (H, W, 3), RGB.
        label_map: uint8 (H, W), 0 background (left as it is), 1..N objects, 255 void.
        alpha: share of the tint, 0..1.
        contour: width in pixels of the opaque line inside each region's edge; 0 draws none.

    Returns:
        uint8 (H, W, 3), RGB; the inputs are not changed.

    Raises:
        InvalidInputError: another shape or dtype, `alpha` outside 0..1, or a negative `contour`.
    """
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
        raise InvalidInputError(f"the frame is {frame.dtype} {frame.shape}, not uint8 (H, W, 3)")
    if label_map.shape != frame.shape[:2] or label_map.dtype != np.uint8:
        raise InvalidInputError(
            f"the label map is {label_map.dtype} {label_map.shape}, but the frame is"
            f" {frame.shape[:2]}: give a uint8 label map of the frame's size"
        )
    if not 0.0 <= alpha <= 1.0 or contour < 0:
        raise InvalidInputError(f"alpha={alpha}, contour={contour}: alpha is 0..1, contour >= 0")
    colours = davis_palette()[label_map]
    opacity = np.where(label_map > 0, alpha, 0.0)
    if contour:
        opacity[_edges(label_map, contour)] = 1.0
    mixed = frame + opacity[..., None] * (colours.astype(np.float64) - frame)
    return np.rint(mixed).astype(np.uint8)


def _edges(label_map: UInt8Array, width: int) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Labelled pixels (H, W) within `width` of a pixel with another label.

    The border of the frame does not count as an edge.
    """
    kernel = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    highest, lowest = cv2.dilate(label_map, kernel), cv2.erode(label_map, kernel)
    return np.asarray((highest != lowest) & (label_map > 0), np.bool_)


def contact_sheet(
    pictures: Sequence[UInt8Array],
    columns: int,
    captions: Sequence[str] | None = None,
    gap: int = 2,
) -> UInt8Array:
    """Pictures of one size in rows, with a light gap between them.

    Args:
        pictures: one or more uint8 (H, W, 3), RGB. Grey fills the rest of the last row.
        columns: pictures per row.
        captions: a short ASCII text per picture, drawn into its upper left corner.
        gap: pixels between two pictures.

    Raises:
        InvalidInputError: there are no pictures, the pictures differ in size, or the number of
            captions is another one.
    """
    if not pictures or columns < 1 or gap < 0:
        raise InvalidInputError(
            f"cannot make a sheet of {len(pictures)} pictures in {columns} columns with gap {gap}:"
            " give at least one picture, one column and a gap of 0 or more"
        )
    shape = pictures[0].shape
    if any(picture.shape != shape or picture.dtype != np.uint8 for picture in pictures):
        raise InvalidInputError("all pictures of a sheet must be uint8 (H, W, 3) of one size")
    if captions is not None and len(captions) != len(pictures):
        raise InvalidInputError(
            f"there are {len(captions)} captions for {len(pictures)} pictures: give one each"
        )
    height, width = shape[:2]
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    size = (rows * (height + gap) - gap, columns * (width + gap) - gap, 3)
    sheet = np.full(size, _GAP, np.uint8)
    for place, picture in enumerate(pictures):
        y, x = place // columns * (height + gap), place % columns * (width + gap)
        sheet[y : y + height, x : x + width] = (
            picture if captions is None else _captioned(picture, captions[place])
        )
    return sheet


def _captioned(picture: UInt8Array, text: str) -> UInt8Array:
    """White letters with a dark rim, readable on anything."""
    letters = np.zeros(picture.shape[:2], np.uint8)
    scale = max(picture.shape[0] / 320.0, 0.35)
    place = (4, int(7 + 18 * scale))
    cv2.putText(letters, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, 1, cv2.LINE_AA)
    rim = cv2.dilate(letters, np.ones((3, 3), np.uint8))
    drawn = picture * (1 - rim[..., None] / 255.0) + letters[..., None]
    return np.asarray(drawn.clip(0, 255), np.uint8)
