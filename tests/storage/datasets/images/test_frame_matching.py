"""Masks find the frame, the object and the scale that their names and files mean."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from storage.datasets.images.frame_matching import VideoFrames, numbers_of
from storage.datasets.json_masks.run_lengths import encode_run_lengths
from storage.datasets.masks.given_masks import open_masks
from storage.errors import DatasetError
from tests.storage.datasets.scenes import SIZE, UInt8Array, indexed, scene

FRAMES = VideoFrames([f"{index:05d}" for index in range(8)], SIZE)
FROM_ONE = VideoFrames([f"frame_{index}" for index in range(1, 9)], SIZE)


def maps(place: Path, frames: VideoFrames = FRAMES) -> dict[str, UInt8Array]:
    masks = open_masks(place, frames)
    return {name: read() for name, read in masks.readers.items()}


def write_maps(place: Path, names: dict[str, int]) -> Path:
    place.mkdir(parents=True)
    for name, shift in names.items():
        indexed(scene(shift), [0, 1, 2, 3]).save(place / name)
    return place


def write_singles(place: Path, names: Sequence[str], step: int) -> Path:
    place.mkdir(parents=True)
    for index, name in enumerate(names):
        mask = np.zeros(SIZE, np.uint8)
        mask[10:30, step * index : step * index + 12] = 255
        Image.fromarray(mask).save(place / name)
    return place


@pytest.mark.parametrize(
    ("frames", "names"),
    [
        (FRAMES, ["frame_000000.png", "frame_000003.png", "frame_000006.png"]),
        (FRAMES, ["0000.png", "0003.png", "0006.png"]),
        (FRAMES, ["00000_mask.png", "00003_mask.png", "00006_mask.png"]),
        (FRAMES, ["clip-0_seg.png", "clip-3_seg.png", "clip-6_seg.png"]),
        (FRAMES, ["00000_jpg.rf.0a1b2c.png", "00003_jpg.rf.9.png", "00006_png.rf.abc7.png"]),
        (FRAMES, ["0.png", "3.png", "6.png"]),
        (FROM_ONE, ["frame_0001.png", "frame_0004.png", "frame_0007.png"]),
        (FROM_ONE, ["1.png", "4.png", "7.png"]),
    ],
)
def test_label_maps_are_matched_by_number(
    tmp_path: Path, frames: VideoFrames, names: list[str]
) -> None:
    place = write_maps(tmp_path / "masks", dict(zip(names, (0, 1, 2), strict=True)))
    found = maps(place, frames)
    assert list(found) == [frames.names[index] for index in (0, 3, 6)]
    for shift, labels in enumerate(found.values()):
        np.testing.assert_array_equal(labels, scene(shift))
    assert "matched with frames by the numbers" in open_masks(place, frames).remarks()[0]


@pytest.mark.parametrize(
    ("frames", "names", "words"),
    [
        (FRAMES, ["frame_000001.png", "frame_000008.png"], "is named as a frame"),
        (FRAMES, ["a.png", "b.png"], "holds several objects"),
        (FRAMES, ["mask3.png"], "holds several objects"),
        (FRAMES, ["a_01.png", "b_02.png"], "holds several objects"),
        (FRAMES, ["00000_1.png", "00000_2.png"], "named after a frame and something"),
        (VideoFrames(["ant", "bee"], SIZE), ["0.png", "1.png"], "holds several objects"),
    ],
)
def test_label_maps_that_cannot_be_matched_are_refused(
    tmp_path: Path, frames: VideoFrames, names: list[str], words: str
) -> None:
    place = write_maps(tmp_path / "masks", dict.fromkeys(names, 0))
    if words.startswith("named after"):
        for path in place.iterdir():
            Image.fromarray((scene() == 1).astype(np.uint8) * np.uint8(255)).save(path)
    with pytest.raises(DatasetError, match=words):
        maps(place, frames)


def test_names_from_one_on_are_all_frames(tmp_path: Path) -> None:
    names = {f"frame_{index:04d}.png": index for index in range(1, 9)}
    found = maps(write_maps(tmp_path / "masks", names))
    assert list(found) == list(FRAMES.names)
    np.testing.assert_array_equal(found["00000"], scene(1))


def test_objects_of_the_first_frame_stay_objects(tmp_path: Path) -> None:
    place = write_singles(tmp_path / "masks", ["1.png", "2.png", "5.png"], 20)
    assert list(maps(place)) == ["00000"]
    assert open_masks(place, FRAMES).objects == (1, 2, 5)


def test_one_object_that_moves_little_is_ambiguous(tmp_path: Path) -> None:
    place = write_singles(tmp_path / "masks", ["1.png", "2.png", "3.png"], 2)
    with pytest.raises(DatasetError, match="may be objects of the first frame, or one object in"):
        maps(place)


def test_frames_with_one_object_each(tmp_path: Path) -> None:
    place = write_singles(tmp_path / "masks", ["f_0001.png", "f_0002.png"], 20)
    assert list(maps(place)) == ["00001", "00002"]
    assert open_masks(place, FRAMES).objects == (1,)


def test_folders_of_objects(tmp_path: Path) -> None:
    write_singles(tmp_path / "masks" / "001", ["00000.png", "00002.png"], 3)
    write_singles(tmp_path / "masks" / "003", ["00002.png"], 3)
    found = maps(tmp_path / "masks")
    assert {name: set(np.unique(labels)) for name, labels in found.items()} == {
        "00000": {0, 1},
        "00002": {0, 1, 3},
    }


@given(st.integers(0, 300), st.integers(1, 40), st.integers(1, 6), st.sampled_from(["", "img_"]))
def test_a_name_finds_the_frame_of_its_number(
    first: int, count: int, digits: int, prefix: str
) -> None:
    frames = VideoFrames([f"{prefix}{first + index:0{digits}d}" for index in range(count)], SIZE)
    for name in frames.names:
        assert frames.find(name, "here") == name
        number = (numbers_of([name]) or {})[name]
        assert frames.find(f"x-{number:09d}", "here") == name
    assert frames.look_up(f"x-{first + count:09d}", "here") is None


def test_index_and_number_that_differ_are_refused() -> None:
    assert FROM_ONE.find(3, "here") == "frame_4"
    with pytest.raises(DatasetError, match="index of frame frame_4 or the number of frame frame_3"):
        FROM_ONE.find("3", "here")


SQUARE = [[20, 10, 40, 10, 40, 30, 20, 30]]


def written(tmp_path: Path, document: Any) -> Path:
    path = tmp_path / "masks.json"
    path.write_text(json.dumps(document))
    return path


def coco(images: list[dict[str, Any]], annotations: list[dict[str, Any]]) -> dict[str, Any]:
    return {"images": images, "annotations": annotations, "categories": []}


@pytest.mark.parametrize(
    ("tracks", "ids"), [((0, 1, 0, 1), {1, 2}), ((3, 7, 3, 7), {3, 7}), (("b", "a") * 2, {1, 2})]
)
@pytest.mark.parametrize("inner", [True, False])
def test_tracks_are_objects(
    tmp_path: Path, tracks: tuple[Any, ...], ids: set[int], inner: bool
) -> None:
    images = [{"id": k, "file_name": f"frame_{k:06d}.PNG"} for k in (2, 5)]
    annotations: list[dict[str, Any]] = []
    for place, track in enumerate(tracks):
        told = {"track_id": track, "occluded": False}
        points = [[value + 2 * place for value in SQUARE[0]]]
        entry = {"image_id": (2, 5)[place // 2], "segmentation": points}
        annotations.append({**entry, "attributes": told} if inner else {**entry, **told})
    path = written(tmp_path, coco(images, annotations))
    assert set(open_masks(path, FRAMES).objects) == ids
    assert list(maps(path)) == ["00002", "00005"]
    assert open_masks(path, FRAMES).remarks() == []


def test_masks_without_identities_are_remarked(tmp_path: Path) -> None:
    images = [{"id": k, "file_name": f"{k:05d}.jpg"} for k in (0, 1)]
    annotations = [{"image_id": k, "segmentation": SQUARE} for k in (0, 1)]
    path = written(tmp_path, coco(images, annotations))
    (remark,) = open_masks(path, FRAMES).remarks()
    assert "does not say which masks of its 2 frames are of the same object" in remark


@pytest.mark.parametrize(("name", "frame"), [("00003_jpg.rf.0a1b", "00003"), ("photo_3", "00000")])
def test_the_only_picture_is_the_first_frame_unless_it_is_named(
    tmp_path: Path, name: str, frame: str
) -> None:
    document = coco(
        [{"id": 1, "file_name": f"{name}.jpg"}], [{"image_id": 1, "segmentation": SQUARE}]
    )
    assert list(maps(written(tmp_path, document))) == [frame]


@pytest.mark.parametrize("factor", [2, 5])
def test_masks_of_another_scale_are_scaled(tmp_path: Path, factor: int) -> None:
    height, width = SIZE[0] * factor, SIZE[1] * factor
    image = {"id": 1, "file_name": "00000.jpg", "height": height, "width": width}
    polygon = [[value * factor for value in SQUARE[0]]]
    large = np.kron(scene() == 2, np.ones((factor, factor), np.uint8))
    runs = {"size": [height, width], "counts": encode_run_lengths(large)}
    entries = [{"image_id": 1, "segmentation": shape} for shape in (polygon, runs)]
    labels = maps(written(tmp_path, coco([image], entries)))["00000"]
    expected = np.where(scene() == 2, 2, 0)
    expected[10:30, 20:40] = 1
    np.testing.assert_array_equal(labels, expected)


def test_masks_of_other_proportions_are_refused(tmp_path: Path) -> None:
    image = {"id": 1, "file_name": "00000.jpg", "height": 640, "width": 640}
    path = written(tmp_path, coco([image], [{"image_id": 1, "segmentation": SQUARE}]))
    with pytest.raises(DatasetError, match="whether the picture was stretched"):
        maps(path)
