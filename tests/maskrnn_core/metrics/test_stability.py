from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.metrics import temporal_stability
from maskrnn_core.metrics.masks import BoolArray
from maskrnn_core.metrics.stability_contours import longest_contour
from maskrnn_core.metrics.stability_matching import cheapest_path
from maskrnn_core.metrics.stability_ties import settled_path

LoadMasks = Callable[[Path], NDArray[np.uint8]]


def _check(values: NDArray[np.float64], expected: list[float | None]) -> None:
    """Entries 0 and N - 2 of the expected numbers belong to frames that do not count."""
    numbers = np.array(expected, dtype=np.float64)[1:-1]
    np.testing.assert_allclose(values[1:-1], numbers, rtol=1e-12, atol=1e-14)


@pytest.mark.shared
@pytest.mark.parametrize("method", ["wobble", "dropout"])
@pytest.mark.parametrize("sequence", ["blackswan", "car-shadow", "libby", "scooter-black"])
def test_predictions_as_the_official_program(
    golden: Path, expected: dict[str, Any], load_masks: LoadMasks, method: str, sequence: str
) -> None:
    masks = load_masks(golden / "predictions" / method / sequence) > 0
    numbers = expected["davis2016"][method]["sequences"][sequence]["T"]
    _check(temporal_stability(masks), numbers["per_frame"])


@pytest.mark.shared
@pytest.mark.parametrize("sequence", ["blackswan", "car-shadow", "libby", "scooter-black"])
def test_annotations_as_the_official_program(
    golden: Path, expected: dict[str, Any], load_masks: LoadMasks, sequence: str
) -> None:
    masks = load_masks(golden / "annotations/single" / sequence) > 0
    numbers = expected["temporal_stability_of_ground_truth"][sequence]
    _check(temporal_stability(masks), numbers["per_frame"])


@pytest.mark.shared
@pytest.mark.parametrize("method", ["mixed", "ground_truth"])
@pytest.mark.parametrize("sequence", ["bmx-trees", "dance-twirl-half", "kite-surf"])
def test_objects_as_the_official_program(
    golden: Path, expected: dict[str, Any], load_masks: LoadMasks, method: str, sequence: str
) -> None:
    folder = "annotations/multi" if method == "ground_truth" else f"predictions/{method}"
    labels = load_masks(golden / folder / sequence)
    for object_id, numbers in expected["temporal_stability_per_object"][method][sequence].items():
        _check(temporal_stability(labels == int(object_id)), numbers["per_frame"])


def _blob(seed: int) -> BoolArray:
    noise = np.random.default_rng(seed).random((40, 50)).astype(np.float32)
    mask: BoolArray = cv2.GaussianBlur(noise, (0, 0), 4) > 0.505
    return mask


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_equals_plain_python(reference_stability: ModuleType, seed: int) -> None:
    masks = np.stack([_blob(seed), np.roll(_blob(seed) | _blob(seed + 1), 1, axis=1)])
    try:
        expected = reference_stability.temporal_stability(*masks, strict=True)
    except ValueError:  # pixels touch diagonally, or several paths are equally cheap
        assume(False)
    assert temporal_stability(masks)[0] == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_contours_equal_plain_python(reference_stability: ModuleType, seed: int) -> None:
    mask = _blob(seed)
    try:
        expected = reference_stability.longest_contour(mask)
    except ValueError:
        assume(False)
    points = longest_contour(mask.view(np.uint8), 1)
    assert (points is None) == (expected is None)
    if points is not None:
        assert np.array_equal(points, expected)


def test_contour_of_a_square() -> None:
    mask = np.zeros((20, 20), dtype=np.uint8)
    mask[5:11, 4:10] = 3
    points = longest_contour(mask, 3)
    assert points is not None
    corners = [(5, 4), (5, 7), (5, 10), (8, 10), (11, 10), (11, 7), (11, 4), (8, 4), (5, 4)]
    assert [tuple(point) for point in points.tolist()] == corners


def test_the_same_mask_costs_nothing_and_a_moved_one_next_to_nothing() -> None:
    mask = np.zeros((60, 80), dtype=np.uint8)
    cv2.circle(mask, (30, 30), 17, 1, -1)
    frames = np.stack([mask, mask, np.roll(mask, (3, 5), axis=(0, 1))]) > 0
    assert temporal_stability(frames) == pytest.approx([0, 0], abs=1e-9)


def test_undefined_without_a_contour() -> None:
    masks = np.zeros((4, 9, 9), dtype=np.bool_)
    masks[1, 4, 4] = True  # a single pixel's polygon is dropped
    masks[2, 2:7, 2:7] = True
    masks[3] = masks[2]
    values = temporal_stability(masks)
    assert np.isnan(values[:2]).all()
    assert values[2] == 0
    assert temporal_stability(masks[:1]).shape == (0,)
    assert np.isnan(temporal_stability(np.zeros((2, 5, 5), dtype=np.bool_))).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_any_mask_has_a_value_or_none(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = tuple(rng.integers(1, 25, 2))
    masks = rng.random((2, *size)) < rng.choice([0.1, 0.5, 0.9, 1.0])
    value = temporal_stability(masks)[0]
    assert np.isnan(value) or 0 <= value <= 5


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_both_searches_find_paths_of_the_same_cost(seed: int) -> None:
    rng = np.random.default_rng(seed)
    costs = rng.integers(0, 4, rng.integers(1, 12, 2)).astype(np.float64)
    shifts = int(rng.integers(0, costs.shape[0])), int(rng.integers(0, costs.shape[1]))
    paths = [search(costs, *shifts) for search in (cheapest_path, settled_path)]
    for path in paths:
        assert tuple(path[-1]) == shifts
        steps = (path[:-1] - path[1:]) % costs.shape
        assert np.all((steps <= 1) | (np.array(costs.shape) == 1))
    totals = [costs[path[:-1, 0], path[:-1, 1]].sum() for path in paths]
    assert totals[0] == totals[1]


def test_other_arrays_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="the prediction"):
        temporal_stability(np.zeros((3, 4), dtype=np.bool_))
