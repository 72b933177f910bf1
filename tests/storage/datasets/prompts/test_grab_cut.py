"""Masks from boxes and points on a picture whose answer is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from storage.datasets.prompts.grab_cut import Point, object_mask

SIZE = (120, 160)


def picture(dull: bool = False) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Two bright discs on a dark, noisy ground, and the first disc; `dull` shows noise alone."""
    noise = np.random.default_rng(5).normal(0, 8, (*SIZE, 3))
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    discs = [(x - cx) ** 2 + (y - 60) ** 2 < 20**2 for cx in (45, 120)]
    colours = np.full((*SIZE, 3), (40.0, 60.0, 90.0))
    if not dull:
        colours[discs[0] | discs[1]] = (200, 150, 60)
    return np.clip(colours + noise, 0, 255).astype(np.uint8), discs[0]


def iou(found: NDArray[np.uint8], true: NDArray[np.bool_]) -> float:
    return float(((found > 0) & true).sum() / ((found > 0) | true).sum())


@pytest.mark.parametrize(
    ("box", "points"),
    [
        ((22.0, 36.0, 69.0, 84.0), []),
        ((22.0, 36.0, 69.0, 84.0), [Point(45, 60, True), Point(26, 40, False)]),
        (None, [Point(45, 60, True), Point(40, 70, True), Point(80, 60, False)]),
    ],
    ids=["box", "box and points", "points"],
)
def test_one_object_of_two(box: tuple[float, float, float, float], points: list[Point]) -> None:
    frame, true = picture()
    found = object_mask(frame, box, points)
    assert found.shape == SIZE
    assert set(np.unique(found)) == {0, 1}
    assert iou(found, true) > 0.95
    np.testing.assert_array_equal(found, object_mask(frame, box, points))


def test_nothing_outside_the_box_and_no_point_beside_the_object() -> None:
    frame, true = picture()
    found = object_mask(frame, (30, 40, 60, 80), [Point(45, 50, False)])
    assert not found[:40].any()
    assert not found[:, 60:].any()
    assert not found[50, 45]
    assert found[70, 45]
    assert true[70, 45]


def test_points_in_the_last_half_pixel_are_those_of_the_last_pixel() -> None:
    frame, _ = picture()
    for x, y in ((159.7, 119.7), (159.7, 60.0), (80.0, 119.9)):
        found = object_mask(frame, None, [Point(x, y, True)])
        inside = Point(min(x, 159), min(y, 119), True)
        np.testing.assert_array_equal(found, object_mask(frame, None, [inside]))


@pytest.mark.parametrize("box", [(0.0, 0.0, 160.0, 120.0), (-5.0, -5.0, 900.0, 900.0)])
def test_a_box_of_the_whole_picture_has_no_background(box: tuple[float, ...]) -> None:
    frame, _ = picture()
    assert object_mask(frame, box, []).any()  # type: ignore[arg-type]


def test_a_picture_without_edges_gives_a_mask_within_the_box() -> None:
    frame, _ = picture(dull=True)
    found = object_mask(frame, (30, 40, 60, 80), [])
    assert found.any()
    assert found.sum() == found[40:80, 30:60].sum()


def test_large_pictures_are_segmented_at_a_lower_size() -> None:
    frame, true = picture()
    large = frame.repeat(8, axis=0).repeat(8, axis=1)
    found = object_mask(large, (8 * 22, 8 * 36, 8 * 69, 8 * 84), [])
    assert found.shape == (960, 1280)
    assert iou(found, true.repeat(8, axis=0).repeat(8, axis=1)) > 0.94


def test_the_colour_of_the_object_elsewhere_in_its_box() -> None:
    frame, true = picture()
    frame[30:40, 18:28] = frame[60, 45]
    found = object_mask(frame, (18, 30, 72, 90), [])
    assert iou(found, true) > 0.9
    assert not found[30:40, 18:28].any()


@pytest.mark.parametrize(
    "places",
    [[(55, 45), (105, 45), (80, 90)], [(76, 60), (80, 60), (84, 60)], [(80, 60)]],
    ids=["far apart", "close together", "one"],
)
def test_points_on_a_large_object(places: list[tuple[int, int]]) -> None:
    """The first reach of points amid one colour holds no background; then it grows."""
    frame, _ = picture(dull=True)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    true = (x - 80) ** 2 + (y - 60) ** 2 < 52**2
    frame[true] += np.uint8(100)
    assert iou(object_mask(frame, None, [Point(*place, True) for place in places]), true) > 0.9


@pytest.mark.parametrize(
    ("box", "points"),
    [
        ((45.1, 60.1, 45.3, 60.3), []),
        ((44.0, 59.0, 46.0, 61.0), [Point(45, 60, False)]),
    ],
    ids=["narrower than a pixel", "covered by a point beside the object"],
)
def test_tiny_boxes_give_a_mask(
    box: tuple[float, float, float, float], points: list[Point]
) -> None:
    frame, _ = picture()
    assert 1 <= object_mask(frame, box, points).sum() <= 4
