"""Masks of every mode are read as label maps."""

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from storage.datasets.masks.label_maps import (
    binary_mask_of,
    label_map_of,
    object_ids,
    read_binary_mask,
    read_label_map,
)
from storage.datasets.masks.palette import COLOUR_IDS, PALETTE
from storage.errors import DatasetError

SHAPE = np.zeros((9, 11), np.uint8)
SHAPE[2:6, 3:8] = 1


def _saved(tmp_path: Path, values: NDArray[np.uint8], mode: str) -> Path:
    path = tmp_path / "00000.png"
    if mode == "P":
        image = Image.frombytes("P", values.shape[::-1], values.tobytes())
        image.putpalette([value for colour in PALETTE for value in colour])
    else:
        image = Image.fromarray(values).convert(mode)
    image.save(path)
    return path


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "P"])
def test_black_and_white_in_every_mode(tmp_path: Path, mode: str) -> None:
    path = _saved(tmp_path, SHAPE * 255, mode)
    with Image.open(path) as image:
        assert image.mode == mode
    np.testing.assert_array_equal(read_binary_mask(path), SHAPE)


def test_alpha_is_not_read(tmp_path: Path) -> None:
    values = np.stack([SHAPE * 255, np.full_like(SHAPE, 255)], axis=-1)
    Image.fromarray(values, mode=None).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_binary_mask(tmp_path / "a.png"), SHAPE)


@pytest.mark.parametrize("top", [1, 2, 100])
def test_small_values_are_ids(tmp_path: Path, top: int) -> None:
    values = SHAPE * top
    values[0, 0] = 1
    found = read_binary_mask(_saved(tmp_path, values, "L"))
    assert found.sum() == SHAPE.sum() + 1


def test_antialiased_edges_are_cut_at_half(tmp_path: Path) -> None:
    values = SHAPE * 255
    values[2, 3], values[2, 4], values[3, 3] = 127, 128, 1
    for mode in ("L", "RGB"):
        found = read_binary_mask(_saved(tmp_path, values, mode))
        assert (found[2, 3], found[2, 4], found[3, 3]) == (0, 1, 0)


def test_an_empty_mask(tmp_path: Path) -> None:
    assert read_binary_mask(_saved(tmp_path, SHAPE * 0, "L")).max() == 0


def test_several_objects_read_as_one(tmp_path: Path) -> None:
    ids = SHAPE.copy()
    ids[4:6, 3:8] = 2
    for mode in ("P", "L"):
        np.testing.assert_array_equal(read_binary_mask(_saved(tmp_path, ids, mode)), SHAPE)
    Image.fromarray(np.array(PALETTE, np.uint8)[ids]).save(tmp_path / "c.png")
    np.testing.assert_array_equal(read_binary_mask(tmp_path / "c.png"), SHAPE)


@pytest.mark.parametrize("mode", ["P", "L", "LA"])
def test_ids_are_kept_with_their_gaps(tmp_path: Path, mode: str) -> None:
    ids = SHAPE * 3
    ids[8, :] = 254
    ids[0, :] = 255
    found = read_label_map(_saved(tmp_path, ids, mode))
    np.testing.assert_array_equal(found, ids)
    assert object_ids(found) == (3, 254)


def test_palettes_of_few_colours(tmp_path: Path) -> None:
    image = Image.frombytes("P", SHAPE.shape[::-1], (SHAPE * 3).tobytes())
    image.putpalette([0, 0, 0, 9, 9, 9, 0, 128, 0, 7, 7, 7])
    image.save(tmp_path / "a.png", bits=2)
    np.testing.assert_array_equal(read_label_map(tmp_path / "a.png"), SHAPE * 3)


def test_one_bit_is_object_one(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_label_map(_saved(tmp_path, SHAPE * 255, "1")), SHAPE)


def test_palette_colours_become_ids(tmp_path: Path) -> None:
    ids = np.arange(22, dtype=np.uint8).reshape(2, 11)
    Image.fromarray(np.array(PALETTE, np.uint8)[ids]).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_label_map(tmp_path / "a.png"), ids)


def test_voc_and_davis_shades_are_both_known() -> None:
    assert PALETTE[1:4] == ((128, 0, 0), (0, 128, 0), (128, 128, 0))
    assert PALETTE[9] == (191, 0, 0)
    assert PALETTE[30] == (30, 30, 30)
    assert COLOUR_IDS[192, 0, 0] == COLOUR_IDS[191, 0, 0] == 9
    assert COLOUR_IDS[224, 224, 192] == 255


def test_unknown_colours_are_refused(tmp_path: Path) -> None:
    values = np.zeros((4, 5, 3), np.uint8)
    values[2, 3] = (255, 0, 0)
    Image.fromarray(values).save(tmp_path / "a.png")
    for read in (read_label_map, read_binary_mask):
        with pytest.raises(DatasetError, match=r"a\.png has the colour \(255, 0, 0\).*row 2, .* 3"):
            read(tmp_path / "a.png")


def test_sixteen_bits_are_refused(tmp_path: Path) -> None:
    Image.fromarray(SHAPE.astype(np.uint16) * 65535).save(tmp_path / "a.png")
    for read in (read_label_map, read_binary_mask):
        with pytest.raises(DatasetError, match=r"I;16.*8-bit PNG"):
            read(tmp_path / "a.png")


def _png(values: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 10, 10), (7,)])
def test_a_shape_in_the_alpha_channel_alone_is_read(colour: tuple[int, ...]) -> None:
    alpha = np.zeros((4, 5, 1), np.uint8)
    alpha[1:3, 2:4] = 255
    alpha[0, 0] = 100
    data = _png(np.concatenate([np.full((4, 5, len(colour)), colour, np.uint8), alpha], axis=2))
    expected = (alpha[..., 0] >= 128).astype(np.uint8)
    np.testing.assert_array_equal(binary_mask_of(data, "mask"), expected)
    np.testing.assert_array_equal(label_map_of(data, "mask"), expected)
    np.testing.assert_array_equal(label_map_of(data, "mask", 3), expected * 3)


def test_transparent_pixels_are_background_whatever_their_colour() -> None:
    values = np.zeros((4, 5, 4), np.uint8)
    values[:2] = (255, 255, 255, 0)
    values[2, :2] = (255, 255, 255, 255)
    values[3, :, 3] = 255
    mask = binary_mask_of(_png(values), "mask")
    assert mask[2, :2].all()
    assert mask.sum() == 2
