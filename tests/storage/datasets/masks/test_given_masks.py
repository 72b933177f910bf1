"""First masks in every usual form, and masks that cannot be used."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from storage.datasets.images.frame_matching import VideoFrames
from storage.datasets.json_masks.polygons import fill_polygons
from storage.datasets.json_masks.run_lengths import decode_run_lengths, encode_run_lengths
from storage.datasets.masks.given_masks import masks_digest, open_masks
from storage.errors import DatasetError, MissingDatasetError

UInt8Array = NDArray[np.uint8]
SaveImage = Callable[..., None]
SIZE = (8, 12)
FRAMES = VideoFrames([f"{index:05d}" for index in range(5)], SIZE)


def box(left: int, value: int = 1) -> UInt8Array:
    mask = np.zeros(SIZE, np.uint8)
    mask[2:6, left : left + 3] = value
    return mask


def maps(place: Path) -> dict[str, Any]:
    masks = open_masks(place, FRAMES)
    return {name: masks.label_map(name) for name in masks.readers}


def runs_of(mask: UInt8Array) -> list[int]:
    """COCO's run lengths of a mask, by a simple implementation."""
    runs, last = [0], 0
    for value in mask.T.reshape(-1).tolist():
        if value != last:
            runs.append(0)
            last = value
        runs[-1] += 1
    return runs


def text_of(runs: Sequence[int]) -> str:
    """COCO's text of run lengths."""
    text = ""
    for place, run in enumerate(runs):
        value = run - runs[place - 2] if place > 2 else run
        more = True
        while more:
            group = value & 31
            value >>= 5
            more = value != (-1 if group & 16 else 0)
            text += chr(48 + group + (32 if more else 0))
    return text


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


@pytest.mark.parametrize(
    ("values", "mode", "ids"),
    [
        (box(1, 3) + box(6, 1), "P", {1, 3}),
        (box(1, 255), None, {1}),
        (box(1, 255), "RGB", {1}),
        (box(1, 255), "1", {1}),
        (box(1, 2) + box(6, 7), None, {2, 7}),
        (box(1, 2) + box(6, 255), None, {2, 255}),
    ],
)
def test_one_image(
    tmp_path: Path, save_image: SaveImage, values: UInt8Array, mode: str | None, ids: set[int]
) -> None:
    path = tmp_path / "first.png"
    save_image(path, values, mode)
    (label_map,) = maps(path).values()
    assert set(np.unique(label_map).tolist()) - {0} == ids


def test_soft_edges_are_cut_at_half(tmp_path: Path, save_image: SaveImage) -> None:
    values = box(1, 255)
    values[2:4, 4] = 90, 140
    save_image(tmp_path / "soft.png", values)
    expected = box(1)
    expected[3, 4], expected[2, 4] = 1, 0
    expected[2, 1:4] = 1
    np.testing.assert_array_equal(maps(tmp_path / "soft.png")["00000"], expected)


def test_white_in_a_palette_is_one_object(tmp_path: Path) -> None:
    image = Image.fromarray(box(1, 255))
    image.putpalette([level for level in range(256) for _ in "rgb"])
    image.save(tmp_path / "white.png")
    np.testing.assert_array_equal(maps(tmp_path / "white.png")["00000"], box(1))


def test_a_folder_of_objects(tmp_path: Path, save_image: SaveImage) -> None:
    place = tmp_path / "masks"
    save_image(place / "000.png", box(0, 255))
    save_image(place / "001.png", box(2, 255))
    save_image(place / "010.png", box(8, 255), "P")
    expected = box(8, 3)
    expected[box(2) == 1] = 2
    expected[box(0) == 1] = 1
    ((name, label_map),) = maps(place).items()
    assert name == "00000"
    np.testing.assert_array_equal(label_map, expected)


@pytest.mark.parametrize(
    ("names", "ids"),
    [(("dog", "cat"), {1, 2}), (("7", "3"), {3, 7}), (("0", "1"), {1, 2}), (("1", "300"), {1, 2})],
)
def test_names_of_objects(
    tmp_path: Path, save_image: SaveImage, names: tuple[str, str], ids: set[int]
) -> None:
    for place, name in enumerate(names):
        save_image(tmp_path / f"{name}.png", box(4 * place, 255))
    assert set(open_masks(tmp_path, FRAMES).objects) == ids


def test_a_folder_of_frames(tmp_path: Path, save_image: SaveImage) -> None:
    save_image(tmp_path / "00000.png", box(1), "P")
    save_image(tmp_path / "00003.png", box(6, 2), "P")
    found = maps(tmp_path)
    assert list(found) == ["00000", "00003"]
    np.testing.assert_array_equal(found["00003"], box(6, 2))


def test_folders_of_frames_know_their_objects_by_name(
    tmp_path: Path, save_image: SaveImage
) -> None:
    save_image(tmp_path / "00000" / "dog.png", box(1, 255))
    save_image(tmp_path / "3" / "cat.png", box(6, 255))
    save_image(tmp_path / "3" / "dog.png", box(2, 255))
    found = maps(tmp_path)
    np.testing.assert_array_equal(found["00000"], box(1, 2))
    np.testing.assert_array_equal(found["00003"], box(6, 1) + box(2, 2))


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


def test_masks_that_cannot_be_used(tmp_path: Path, save_image: SaveImage) -> None:
    with pytest.raises(MissingDatasetError, match="is not there"):
        maps(tmp_path / "nothing.png")
    save_image(tmp_path / "large.png", np.ones((9, 12), np.uint8))
    with pytest.raises(DatasetError, match="is 12x9, but the video is 12x8"):
        maps(tmp_path / "large.png")
    save_image(tmp_path / "empty.png", np.zeros(SIZE, np.uint8))
    with pytest.raises(DatasetError, match="has no object"):
        open_masks(tmp_path / "empty.png", FRAMES).objects  # noqa: B018
    save_image(tmp_path / "levels.png", box(0, 85) + box(3, 170) + box(7, 255))
    with pytest.raises(DatasetError, match="may be soft edges or objects"):
        maps(tmp_path / "levels.png")
    save_image(tmp_path / "deep.png", box(1).astype(np.uint16) * 300)
    with pytest.raises(DatasetError, match="mode I;16"):
        maps(tmp_path / "deep.png")
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(DatasetError, match="is not a readable image"):
        maps(tmp_path / "text.png")


def test_folders_that_cannot_be_used(tmp_path: Path, save_image: SaveImage) -> None:
    place = tmp_path / "masks"
    place.mkdir()
    with pytest.raises(DatasetError, match="neither images nor folders"):
        maps(place)
    save_image(place / "00000.png", box(1, 255))
    save_image(place / "00009.png", box(1, 255))
    with pytest.raises(DatasetError, match=r"00009\.png is not named like a frame"):
        maps(place)
    (place / "00009.png").unlink()
    (place / "00001.png").symlink_to(tmp_path / "outside.png")
    save_image(tmp_path / "outside.png", box(1, 255))
    with pytest.raises(DatasetError, match="is a link out of"):
        maps(place)
    with pytest.raises(DatasetError, match="is a link out of"):
        masks_digest(place)
    many = tmp_path / "many"
    for number in range(300):
        save_image(many / f"object{number}.png", box(1, 255))
    with pytest.raises(DatasetError, match="has 300 objects, but label maps have at most 254"):
        maps(many)


def test_an_empty_object_is_named(tmp_path: Path, save_image: SaveImage) -> None:
    save_image(tmp_path / "dog.png", box(1, 255))
    save_image(tmp_path / "cat.png", box(1, 0))
    with pytest.raises(DatasetError, match=r"cat\.png: the mask of object 1 is empty"):
        maps(tmp_path)


def test_the_digest_is_that_of_names_and_bytes(tmp_path: Path, save_image: SaveImage) -> None:
    first, second = tmp_path / "a" / "dog.png", tmp_path / "a" / "cat.png"
    save_image(first, box(1, 255))
    one = masks_digest(tmp_path / "a")
    assert one == masks_digest(tmp_path / "a") != masks_digest(first)
    save_image(second, box(6, 255))
    two = masks_digest(tmp_path / "a")
    first.rename(tmp_path / "a" / "ant.png")
    assert len({one, two, masks_digest(tmp_path / "a")}) == 3
