"""Mask files whose content decides how they are read: palettes, alpha channels, lossy files."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from storage.datasets.images.frame_matching import VideoFrames
from storage.datasets.masks.given_images import read_given_image, read_given_object
from storage.datasets.masks.given_masks import open_masks
from storage.datasets.masks.label_maps import binary_mask_of, label_map_of, read_label_map
from storage.datasets.masks.mask_quality import is_lossy, quality_remarks
from storage.errors import DatasetError
from tests.storage.datasets.scenes import COLOURS, SIZE, UInt8Array, indexed, photograph, scene

ONE = (scene() > 0).astype(np.uint8)


def saved(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def rgba(colours: UInt8Array, alpha: UInt8Array) -> Image.Image:
    return Image.fromarray(np.dstack([colours, alpha]))


def flat(red: int, green: int, blue: int) -> UInt8Array:
    return np.full((*SIZE, 3), (red, green, blue), np.uint8)


@given(st.permutations([0, 1, 2, 3]))
def test_a_palette_in_any_order_keeps_the_objects(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    path = tmp_path_factory.mktemp("palette") / "first.png"
    indexed(scene(), order).save(path)
    np.testing.assert_array_equal(read_given_image(path).labels, scene())
    if order[0] != 0:  # the index of black tells; the order of the others may be meant so
        np.testing.assert_array_equal(read_label_map(path), scene())


@pytest.mark.parametrize("colour", [(255, 0, 0), (12, 200, 90), (255, 255, 255)])
@pytest.mark.parametrize("black", [0, 1])
def test_one_object_in_any_colour(tmp_path: Path, colour: tuple[int, int, int], black: int) -> None:
    colours = np.array([(0, 0, 0), colour], np.uint8)
    indexed(ONE, [0, 1] if black == 0 else [1, 0], colours).save(tmp_path / "first.png")
    found = read_given_image(tmp_path / "first.png")
    np.testing.assert_array_equal(found.labels, ONE)
    assert ("palette was sorted anew" in found.reading) == (black == 1)


def test_a_transparent_index_is_the_background(tmp_path: Path) -> None:
    image = indexed(ONE, [1, 0], np.array([(255, 255, 255), (255, 255, 255)], np.uint8))
    image.save(tmp_path / "first.png", transparency=1)
    np.testing.assert_array_equal(read_given_image(tmp_path / "first.png").labels, ONE)


def test_several_transparent_indices_are_the_background(tmp_path: Path) -> None:
    soft = np.array([(255, 255, 255), (255, 255, 255), (255, 255, 255)], np.uint8)
    labels = ONE.copy()
    labels[0, :5] = 2
    image = indexed(labels, [1, 0, 2], soft)
    image.save(tmp_path / "first.png", transparency=bytes([255, 0, 60]))
    np.testing.assert_array_equal(read_given_image(tmp_path / "first.png").labels, ONE)


def test_many_colours_are_called_so(tmp_path: Path) -> None:
    Image.fromarray(photograph()).save(tmp_path / "first.png")
    with pytest.raises(DatasetError, match="different colours, as a photograph does"):
        read_given_image(tmp_path / "first.png")


@pytest.mark.parametrize(
    ("colours", "words"),
    [
        ([(255, 255, 255), (255, 0, 0), (0, 0, 255), (9, 99, 9)], "palette without black"),
        ([(0, 0, 0), (255, 0, 0), (0, 0, 255), (9, 99, 9)], "not in the DAVIS palette"),
    ],
)
def test_palettes_that_tell_no_ids_are_refused(
    tmp_path: Path, colours: list[tuple[int, int, int]], words: str
) -> None:
    indexed(scene(), [2, 1, 0, 3], np.array(colours, np.uint8)).save(tmp_path / "first.png")
    for read in (read_given_image, read_label_map):
        with pytest.raises(DatasetError, match=words):
            read(tmp_path / "first.png")


@pytest.mark.parametrize(
    "image",
    [
        rgba(flat(255, 255, 255), ONE * 255),
        rgba(flat(0, 0, 0), ONE * 255),
        rgba(flat(13, 77, 200), ONE * 128),
        rgba(photograph(), ONE * 255),
        Image.fromarray(np.dstack([np.zeros(SIZE, np.uint8), ONE * 255])),
    ],
    ids=["white", "black", "half transparent", "cut out", "grey"],
)
def test_alpha_is_the_mask_where_colours_hold_none(tmp_path: Path, image: Image.Image) -> None:
    image.save(tmp_path / "first.png")
    found = read_given_image(tmp_path / "first.png")
    np.testing.assert_array_equal(found.labels, ONE)
    assert "alpha channel is read" in found.reading
    np.testing.assert_array_equal(binary_mask_of(saved(image), "a.png"), ONE)
    np.testing.assert_array_equal(label_map_of(saved(image), "a.png", 1), ONE)


def test_transparent_pixels_are_background_where_colours_hold_the_mask(tmp_path: Path) -> None:
    colours = COLOURS[scene()]
    colours[ONE == 0] = 255
    rgba(colours, ONE * 255).save(tmp_path / "first.png")
    found = read_given_image(tmp_path / "first.png")
    np.testing.assert_array_equal(found.labels, scene())
    assert found.reading == ""
    np.testing.assert_array_equal(read_label_map(tmp_path / "first.png"), scene())


@pytest.mark.parametrize("quality", [40, 75, 95])
@pytest.mark.parametrize("factor", [1, 20, 60])
def test_label_maps_with_loss_are_refused(tmp_path: Path, quality: int, factor: int) -> None:
    levels = scene() * np.uint8(factor)
    Image.fromarray(levels).save(tmp_path / "first.jpg", quality=quality)
    with pytest.raises(DatasetError, match=r"cannot hold object ids\. Save the mask as a PNG"):
        read_given_image(tmp_path / "first.jpg")
    with pytest.raises(DatasetError, match="cannot hold object ids"):
        read_label_map(tmp_path / "first.jpg")
    Image.fromarray(COLOURS[scene()]).save(tmp_path / "colours.jpg", quality=quality)
    with pytest.raises(DatasetError, match="cannot hold object ids"):
        read_given_image(tmp_path / "colours.jpg")
    if factor > 1:
        Image.open(tmp_path / "first.jpg").save(tmp_path / "first.png")
        with pytest.raises(DatasetError, match="levels that change from pixel to pixel"):
            read_given_image(tmp_path / "first.png")


def test_a_lossy_webp_is_no_label_map(tmp_path: Path) -> None:
    Image.fromarray(scene() * np.uint8(60)).convert("RGB").save(tmp_path / "a.webp", quality=80)
    with pytest.raises(DatasetError, match="cannot hold object ids"):
        read_given_image(tmp_path / "a.webp")
    Image.fromarray(COLOURS[scene()]).save(tmp_path / "b.webp", lossless=True)
    np.testing.assert_array_equal(read_given_image(tmp_path / "b.webp").labels, scene())


def test_smooth_resizing_and_dithering_are_refused(tmp_path: Path) -> None:
    big = scene() * np.uint8(40)
    bilinear = Image.Resampling.BILINEAR
    Image.fromarray(big).resize((150, 90), bilinear).save(tmp_path / "smooth.png")
    Image.fromarray(COLOURS[scene()]).convert("P").save(tmp_path / "dithered.png")
    for name in ("smooth.png", "dithered.png"):
        with pytest.raises(DatasetError, match="change from pixel to pixel"):
            read_given_image(tmp_path / name)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("quality", [50, 95])
def test_a_black_and_white_jpeg_is_one_object(tmp_path: Path, mode: str, quality: int) -> None:
    path = tmp_path / "first.jpg"
    Image.fromarray(ONE * np.uint8(255)).convert(mode).save(path, quality=quality)
    found = read_given_image(path)
    assert (found.labels != ONE).mean() < 0.005
    assert "black and white" in found.reading
    (remark,) = open_masks(path, VideoFrames(["00000"], SIZE)).remarks()
    assert remark.startswith(f"{path}: read in black and white, as one object")


def test_an_image_of_several_objects_is_not_one_object(tmp_path: Path) -> None:
    indexed(scene(), [0, 1, 2, 3]).save(tmp_path / "dog.png")
    with pytest.raises(DatasetError, match=r"holds 3 objects \(1, 2, 3\), where one"):
        read_given_object(tmp_path / "dog.png")


def test_label_maps_are_not_called_lossy() -> None:
    points = np.zeros(SIZE, np.uint8)
    for number in range(1, 60):
        points[6 * (number // 15) + 3, 7 * (number % 15) + 2] = number
    crowd = np.kron(np.arange(1, 61, dtype=np.uint8).reshape(6, 10), np.ones((10, 10), np.uint8))
    for labels in (scene(), points, crowd, ONE, np.zeros(SIZE, np.uint8), scene()[:2, :2]):
        assert not is_lossy(labels)


@given(st.integers(0, 2**32 - 1))
def test_speckle_of_one_level_is_not_lossy_but_remarked(seed: int) -> None:
    noise = np.random.default_rng(seed).random(SIZE) < 0.02
    labels = np.where(noise, 1, 0).astype(np.uint8)
    assert not is_lossy(labels)
    (remark,) = quality_remarks(labels)
    assert remark.startswith("object 1 is in ")


def test_what_is_remarked() -> None:
    assert quality_remarks(scene()) == []
    everything = np.full(SIZE, 2, np.uint8)
    everything[:5] = 0
    assert quality_remarks(everything) == [
        "object 2 covers 92 % of the frame, as a background does"
    ]
    point = scene()
    point[0, 0] = 9
    assert quality_remarks(point) == ["object 9 has 1 pixel only"]
    crowd = np.kron(np.arange(1, 61, dtype=np.uint8).reshape(6, 10), np.ones((10, 10), np.uint8))
    assert quality_remarks(crowd) == ["it holds 60 objects"]


def test_remarks_are_of_the_masks_in_which_objects_begin(tmp_path: Path) -> None:
    frames = VideoFrames(["00000", "00001"], SIZE)
    indexed(scene(), [0, 1, 2, 3]).save(tmp_path / "00000.png")
    later = scene()
    later[later == 0] = 1  # known already: not a first mask
    later[:2, :2] = 4
    image = Image.fromarray(later).convert("P")
    image.putpalette(COLOURS.reshape(-1).tolist())
    image.save(tmp_path / "00001.png")
    (remark,) = open_masks(tmp_path, frames).remarks()
    assert remark == "The mask of frame 00001: object 4 has 4 pixels only."
