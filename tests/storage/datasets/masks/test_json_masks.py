"""First masks in JSON files: run lengths, polygons and COCO."""

import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from storage.datasets.json_masks.polygons import fill_polygons
from storage.datasets.json_masks.run_lengths import decode_run_lengths, encode_run_lengths
from storage.errors import DatasetError
from tests.storage.datasets.masks.small_masks import SIZE, UInt8Array, box, maps, runs_of, text_of


@given(
    arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.integers(0, 1))
)
def test_run_lengths_are_inverted(mask: UInt8Array) -> None:
    runs = runs_of(mask)
    size = (mask.shape[0], mask.shape[1])
    np.testing.assert_array_equal(decode_run_lengths(runs, size), mask)
    np.testing.assert_array_equal(decode_run_lengths(text_of(runs), size), mask)
    assert encode_run_lengths(mask) == text_of(runs)
    np.testing.assert_array_equal(decode_run_lengths(encode_run_lengths(mask), size), mask)


def test_run_lengths_written_by_hand() -> None:
    expected = np.zeros((3, 4), np.uint8)
    expected[1:, 1] = 1
    np.testing.assert_array_equal(decode_run_lengths([4, 2, 6], (3, 4)), expected)
    np.testing.assert_array_equal(decode_run_lengths("426", (3, 4)), expected)
    assert encode_run_lengths(expected) == "426"


@given(st.text(max_size=20))
def test_any_text_is_run_lengths_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert decode_run_lengths(text, (5, 5)).shape == (5, 5)


def test_polygons_cover_pixel_centres() -> None:
    square = fill_polygons([[2, 1, 5, 1, 5, 4, 2, 4]], (6, 8))
    expected = np.zeros((6, 8), np.uint8)
    expected[1:4, 2:5] = 1
    np.testing.assert_array_equal(square, expected)
    np.testing.assert_array_equal(fill_polygons([[-9, -9, 99, -9, 99, 99, -9, 99]], (6, 8)), 1)
    triangle = fill_polygons([[0, 0, 8, 0, 0, 8]], (8, 8))
    rows, columns = np.mgrid[:8, :8]
    np.testing.assert_array_equal(triangle, rows + columns + 1 < 8)


RUNS = {"size": list(SIZE), "counts": runs_of(box(1))}
TEXT = {"size": list(SIZE), "counts": text_of(runs_of(box(6)))}
POLYGON = [[6, 2, 9, 2, 9, 6, 6, 6]]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (RUNS, {"00000": box(1)}),
        (POLYGON, {"00000": box(6)}),
        ([RUNS, TEXT], {"00000": box(1) + box(6, 2)}),
        ([RUNS, POLYGON], {"00000": box(1) + box(6, 2)}),
        ({"segmentation": RUNS, "object": 9}, {"00000": box(1, 9)}),
        ({"0": [RUNS], "00003": TEXT}, {"00000": box(1), "00003": box(6, 2)}),
        (
            [
                {"segmentation": RUNS, "object": 4, "frame": 2},
                {"segmentation": POLYGON, "object": 4, "frame": "00003"},
            ],
            {"00002": box(1, 4), "00003": box(6, 4)},
        ),
        (
            {
                "images": [{"id": 5, "file_name": "x/00001.jpg"}, {"id": 6, "file_name": "4.jpg"}],
                "annotations": [
                    {"id": 1, "image_id": 5, "category_id": 1, "segmentation": RUNS},
                    {"id": 2, "image_id": 6, "category_id": 1, "segmentation": POLYGON},
                ],
            },
            {"00001": box(1), "00004": box(6, 2)},
        ),
    ],
)
def test_json(tmp_path: Path, document: object, expected: dict[str, UInt8Array]) -> None:
    path = tmp_path / "masks.json"
    path.write_text(json.dumps(document))
    found = maps(path)
    assert list(found) == list(expected)
    for name, label_map in expected.items():
        np.testing.assert_array_equal(found[name], label_map)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "is not a readable JSON file"),
        ("[" * 100_000, "is not a readable JSON file"),
        ("3", "holds no mask"),
        ("[]", "holds no mask"),
        ('{"0": 7}', "neither run lengths nor a list of polygons"),
        ('{"size": [9, 12], "counts": [108]}', r"size is \[9, 12\], but the frames have \[8, 12\]"),
        ('{"size": [8, 12], "counts": [5]}', "add up to 5"),
        ('{"size": [8, 12], "counts": [97, -1]}', "whole numbers"),
        ('{"size": [8, 12], "counts": [96]}', "is empty"),
        ('{"size": [8, 12], "counts": "~~"}', "character"),
        ('{"size": [8, 12], "counts": 4}', "neither a text nor a list"),
        ("[[1, 2, 3]]", "a polygon has 3 numbers"),
        ("[[1, 2, 3, 4, NaN, 6]]", "finite"),
        ('{"../../x": [[1, 1, 5, 1, 5, 5]]}', r"no frame '\.\./\.\./x'"),
        ('{"5": [[1, 1, 5, 1, 5, 5]]}', "no frame '5'"),
        ('[{"segmentation": [[1, 1, 5, 1, 5, 5]], "object": 255}]', "from 1 to 254"),
        (json.dumps([POLYGON] * 300), "has 300 objects, but label maps have at most 254"),
    ],
)
def test_json_that_cannot_be_used(tmp_path: Path, text: str, match: str) -> None:
    path = tmp_path / "masks.json"
    path.write_text(text)
    with pytest.raises(DatasetError, match=match):
        maps(path)
