"""Temporal stability T: how much the contour's shape changes from frame to frame."""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.metrics.masks import BoolArray, check_masks
from maskrnn_core.metrics.stability_contours import longest_contour

SCALE = 5.0
"""Factor of the published figures."""


@dataclass(frozen=True)
class ContourShape:
    """Shape context of a mask's longest contour."""

    histograms: NDArray[np.float64]
    """(points, 60), rows of sum 1."""


def temporal_stability(prediction: BoolArray) -> NDArray[np.float64]:
    """T of every pair of neighbouring frames; lower is steadier.

    Takes a boolean array (T, H, W) and returns float64 (T - 1,). Entry i belongs to the frames i
    and i + 1. It is multiplied by 5 as in the published tables. It is NaN if either mask has no
    contour of more than three points (Perazzi et al. 2016, section 4.1). No annotation is needed.

    Contours (outlines and holes) run along pixel corners with the object on their right, and are
    simplified. The contour with the most vertices is cut into segments of at most 3 pixels. Its
    shape contexts are matched along the cheapest path.

    The definition leaves four choices open: the vertex where a contour starts, the turn where
    pixels touch diagonally, which of equally far vertices stays in simplification, and which of
    equally cheap paths counts. This code makes them as the official program does, to reproduce its
    figures.

    Raises:
        InvalidInputError: the array is not boolean (T, H, W).
    """
    check_masks("temporal_stability", "the prediction", prediction)
    shapes = [contour_shape(np.ascontiguousarray(mask).view(np.uint8)) for mask in prediction]
    values = [instability(a, b) for a, b in itertools.pairwise(shapes)]
    return np.array(values, dtype=np.float64)


def contour_shape(labels: NDArray[np.uint8], object_id: int = 1) -> ContourShape | None:
    """Shape of one object of a label map uint8 (H, W); None if it has no contour to compare."""
    from maskrnn_core.metrics import stability_matching as matching

    points = longest_contour(np.require(labels, requirements=["C", "W"]), object_id)
    return None if points is None else ContourShape(matching.shape_context(points))


def instability(first: ContourShape | None, second: ContourShape | None) -> float:
    """T of two shapes of neighbouring frames; NaN if one is missing."""
    from maskrnn_core.metrics import stability_matching as matching

    if first is None or second is None:
        return float("nan")
    costs = matching.chi_square_costs(first.histograms, second.histograms)
    return SCALE * matching.matching_cost(costs)
