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

    Takes a boolean array (T, H, W) and returns float64 (T - 1,), entry i for the frames i and
    i + 1, already multiplied by 5 as in the published tables; NaN where either mask has no contour
    of more than three points (Perazzi et al. 2016, section 4.1). The annotation is not needed.

    Contours run along pixel corners with the object on their right, outlines and holes alike, and
    are simplified; the one with the most vertices is cut into segments of at most 3 pixels; its
    shape contexts are matched along the cheapest path. The definition does not settle the vertex a
    contour starts from, which way it turns where pixels touch diagonally, which of equally far
    vertices stays when simplifying, and which of equally cheap paths counts; these are taken over
    from the official program as it runs, so that its figures come out.

    Raises:
        InvalidInputError: for an array that is not boolean (T, H, W).
    """
    check_masks("temporal_stability", "the prediction", prediction)
    shapes = [contour_shape(np.ascontiguousarray(mask).view(np.uint8)) for mask in prediction]
    values = [instability(a, b) for a, b in itertools.pairwise(shapes)]
    return np.array(values, dtype=np.float64)


def contour_shape(labels: NDArray[np.uint8], object_id: int = 1) -> ContourShape | None:
    """Shape of one object of a label map uint8 (H, W); None where it has no contour to compare."""
    from maskrnn_core.metrics import stability_matching as matching

    points = longest_contour(np.require(labels, requirements=["C", "W"]), object_id)
    return None if points is None else ContourShape(matching.shape_context(points))


def instability(first: ContourShape | None, second: ContourShape | None) -> float:
    """T of two shapes of neighbouring frames; NaN where one is missing."""
    from maskrnn_core.metrics import stability_matching as matching

    if first is None or second is None:
        return float("nan")
    costs = matching.chi_square_costs(first.histograms, second.histograms)
    return SCALE * matching.matching_cost(costs)
