"""Masks as arrays, in every form that is documented."""

from typing import Any

import numpy as np
import pytest

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.interface.masks import label_map_of, masks_by_frame

LEFT = np.array([[1, 1, 0, 0]], dtype=bool)
MIDDLE = np.array([[0, 1, 1, 0]], dtype=bool)


@pytest.mark.parametrize(
    ("mask", "labels"),
    [
        (LEFT, [1, 1, 0, 0]),
        (np.stack([LEFT, MIDDLE]), [1, 1, 2, 0]),
        (np.array([[0, 7, 255, 3]]), [0, 7, 255, 3]),
        (np.array([[0, 255, 255, 0]], np.uint8), [0, 1, 1, 0]),
        ([[0, 2, 0, 0]], [0, 2, 0, 0]),
    ],
    ids=["one object", "overlapping objects", "ids and void", "black and white", "a list"],
)
def test_forms_of_masks(mask: Any, labels: list[int]) -> None:
    found = label_map_of(mask)
    assert found.dtype == np.uint8
    assert found.tolist() == [labels]


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.zeros((2, 2), np.uint8), "the mask shows no object"),
        (np.zeros((2, 2), bool), "the mask shows no object"),
        (np.zeros((0, 2, 2), bool), "the mask shows no object"),
        (np.ones((2, 2), np.float32), r"the mask is float32 \(2, 2\); give whole numbers"),
        (np.ones((2, 2, 3), np.uint8), r"the mask is uint8 \(2, 2, 3\)"),
        (np.array([[0, 256]]), "values from 0 to 256; objects are 1 to 254"),
        (np.array([[-1, 1]]), "values from -1 to 1"),
        (np.stack([LEFT, MIDDLE, LEFT & MIDDLE]), "the mask shows nothing of object 3, which"),
        (np.ones((255, 1, 1), bool), "255 objects; at most 254"),
    ],
)
def test_other_masks_are_refused(mask: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        label_map_of(mask)


def test_masks_belong_to_frames() -> None:
    assert masks_by_frame(LEFT)[0].tolist() == [[1, 1, 0, 0]]
    assert sorted(masks_by_frame({4: LEFT, 0: MIDDLE})) == [0, 4]
    with pytest.raises(InvalidInputError, match="the mask of frame 4 shows no object"):
        masks_by_frame({0: LEFT, 4: ~LEFT & LEFT})
    named: Any = {"0": LEFT}
    with pytest.raises(InvalidInputError, match="number of their frame, not by '0'"):
        masks_by_frame(named)
    for wrong in ({}, {-1: LEFT}):
        with pytest.raises(InvalidInputError, match="from 0 on; give one or more"):
            masks_by_frame(wrong)
