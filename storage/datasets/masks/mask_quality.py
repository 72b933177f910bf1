"""Checks whether a label map is plausible: flat areas, few objects, few pieces."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from storage.datasets.masks.mask_palettes import present
from storage.datasets.source import VOID, UInt8Array

_ALONE_SHARE, _FEWEST_ALONE = 0.012, 20
"""Share of edge pixels that differ from all four neighbours, where these differ, too."""
_THIN_VALUES, _THIN_PIECES = 5, 3.0
_LARGE_SHARE = 0.6
_MOST_OBJECTS = 20
_MOST_PIECES = 30
_SPECK_PIXELS, _MOST_SPECKS = 4, 15
_SMALL_PIXELS = 10


class _Pieces(NamedTuple):
    pieces: int
    specks: int
    pixels: int


def is_lossy(labels: UInt8Array) -> bool:
    """Whether levels change from pixel to pixel, as in lossy, resampled or dithered images.

    Always False if there is only one level besides 0.
    """
    values = [value for value in present(labels) if value]
    if len(values) < 2 or min(labels.shape) < 3:
        return False
    edge, alone = _edges(labels)
    if alone >= _FEWEST_ALONE and alone > _ALONE_SHARE * edge:
        return True
    solid = set(present(labels[1:-1, 1:-1][_same_around(labels)]))
    thin = [value for value in values if value not in solid]
    if len(thin) < max(_THIN_VALUES, 2 * (len(values) - len(thin))):
        return False
    return float(np.mean([_pieces(labels, value).pieces for value in thin])) >= _THIN_PIECES


def quality_remarks(labels: UInt8Array) -> list[str]:
    """What is unusual about a first mask, uint8 (H, W); each remark names the object."""
    objects = [value for value in present(labels) if value not in (0, VOID)]
    found = []
    if len(objects) > _MOST_OBJECTS:
        found.append(f"it holds {len(objects)} objects")
    for label in objects[: _MOST_OBJECTS + 1]:
        pieces, specks, pixels = _pieces(labels, label)
        if pixels > _LARGE_SHARE * labels.size:
            share = round(100 * pixels / labels.size)
            found.append(f"object {label} covers {share} % of the frame, as a background does")
        if pixels < _SMALL_PIXELS:
            found.append(f"object {label} has {pixels} pixel{'s' if pixels > 1 else ''} only")
        if pieces > _MOST_PIECES or specks > _MOST_SPECKS:
            found.append(
                f"object {label} is in {pieces} pieces, {specks} of them of {_SPECK_PIXELS} pixels "
                "or fewer"
            )
    return found


def _pieces(labels: UInt8Array, label: int) -> _Pieces:
    count, _, stats, _ = cv2.connectedComponentsWithStats((labels == label).astype(np.uint8))
    areas = stats[1:, cv2.CC_STAT_AREA]
    return _Pieces(count - 1, int((areas <= _SPECK_PIXELS).sum()), int(areas.sum()))


def _edges(labels: UInt8Array) -> tuple[int, int]:
    """How many inner pixels differ from one of their four neighbours, and how many from all.

    A single pixel in an even area is a small object or speckle. It does not count among the latter.
    """
    centre = labels[1:-1, 1:-1]
    sides = (labels[:-2, 1:-1], labels[2:, 1:-1], labels[1:-1, :-2], labels[1:-1, 2:])
    differing = np.zeros(centre.shape, np.uint8)
    uneven = np.zeros(centre.shape, np.bool_)
    for side in sides:
        differing += side != centre
        uneven |= side != sides[0]
    return int((differing > 0).sum()), int(((differing == len(sides)) & uneven).sum())


def _same_around(labels: UInt8Array) -> NDArray[np.bool_]:
    """Which of the inner pixels have the same value as all their eight neighbours."""
    kernel = np.ones((3, 3), np.uint8)
    same: NDArray[np.bool_] = np.equal(cv2.erode(labels, kernel), cv2.dilate(labels, kernel))
    return same[1:-1, 1:-1]
