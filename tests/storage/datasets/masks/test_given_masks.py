"""First masks in every usual form, and masks that cannot be used."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from storage.datasets.masks.given_masks import masks_digest, open_masks
from storage.datasets.masks.palette import PALETTE
from storage.datasets.masks.white_masks import GivenMask, Values, readers_together
from storage.errors import DatasetError, MissingDatasetError
from tests.storage.datasets.masks.small_masks import FRAMES, SIZE, UInt8Array, box, maps

SaveImage = Callable[..., None]


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


@pytest.mark.parametrize("first", ["00000", "00003"], ids=["ids first", "ids later"])
def test_void_among_ids_stays_void(tmp_path: Path, first: str) -> None:
    second = "00003" if first == "00000" else "00000"
    for name, values in ((first, box(1, 2) + box(6, 255)), (second, box(6, 255))):
        image = Image.fromarray(values)
        image.putpalette([level for colour in PALETTE for level in colour])
        image.save(tmp_path / f"{name}.png")
    masks = open_masks(tmp_path, FRAMES)
    np.testing.assert_array_equal(masks.label_map(second), box(6, 255))
    assert masks.objects == (2,)


def test_black_and_white_frames_are_one_object(tmp_path: Path, save_image: SaveImage) -> None:
    save_image(tmp_path / "00000.png", box(1, 255))
    save_image(tmp_path / "00002.png", box(1, 255), "1")
    save_image(tmp_path / "00003.png", box(6, 255))
    masks = open_masks(tmp_path, FRAMES)
    np.testing.assert_array_equal(masks.label_map("00003"), box(6))
    assert masks.objects == (1,)


def test_ids_are_looked_for_once() -> None:
    read: list[int] = []

    def mask(index: int) -> GivenMask:
        read.append(index)
        white = GivenMask(box(1), Values.WHITE)
        return GivenMask(box(1, 3)) if index == 0 else white

    readers = readers_together({str(index): partial(mask, index) for index in range(4)})
    assert [int(readers[str(index)]().max()) for index in (2, 3, 0)] == [255, 255, 3]
    assert read == [2, 0, 3, 0]


def test_folders_of_frames_know_their_objects_by_name(
    tmp_path: Path, save_image: SaveImage
) -> None:
    save_image(tmp_path / "00000" / "dog.png", box(1, 255))
    save_image(tmp_path / "3" / "cat.png", box(6, 255))
    save_image(tmp_path / "3" / "dog.png", box(2, 255))
    found = maps(tmp_path)
    np.testing.assert_array_equal(found["00000"], box(1, 2))
    np.testing.assert_array_equal(found["00003"], box(6, 1) + box(2, 2))


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
