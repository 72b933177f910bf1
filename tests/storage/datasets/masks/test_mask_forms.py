"""Masks in the JSON forms that programs and data sets write."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from storage.datasets.images.frame_matching import VideoFrames
from storage.datasets.json_masks.run_lengths import encode_run_lengths
from storage.datasets.masks.given_masks import masks_digest, open_masks
from storage.errors import DatasetError
from tests.storage.datasets.masks.walk_masks import FRAMES, maps
from tests.storage.datasets.scenes import SIZE, UInt8Array, scene


def written(tmp_path: Path, document: Any, name: str = "masks.json") -> Path:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document))
    return path


def runs(labels: UInt8Array, object_id: int) -> dict[str, Any]:
    return {"size": list(SIZE), "counts": encode_run_lengths(labels == object_id)}


def corners(left: float, top: float, right: float, bottom: float) -> list[list[float]]:
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


BOX = np.zeros(SIZE, np.uint8)
BOX[10:30, 20:40] = 1


def labelme(shapes: list[dict[str, Any]], path: str = "00000.jpg") -> dict[str, Any]:
    return {
        "version": "5.5.0",
        "flags": {},
        "shapes": shapes,
        "imagePath": path,
        "imageData": None,
        "imageHeight": SIZE[0],
        "imageWidth": SIZE[1],
    }


def drawn(group: int | None = None, shift: int = 0, label: str = "dog") -> dict[str, Any]:
    points = corners(20 + shift, 10, 40 + shift, 30)
    return {"label": label, "points": points, "group_id": group, "shape_type": "polygon"}


def test_labelme(tmp_path: Path) -> None:
    path = written(tmp_path, labelme([drawn(), drawn(shift=30)], "..\\frames\\00003.jpg"))
    found = maps(path)
    assert list(found) == ["00003"]
    np.testing.assert_array_equal(found["00003"], BOX + 2 * np.roll(BOX, 30, 1))
    grouped = maps(written(tmp_path, labelme([drawn(4), drawn(4, 30)])))["00000"]
    np.testing.assert_array_equal(grouped, BOX + np.roll(BOX, 30, 1))


def test_shapes_of_labelme(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.full((20, 20), 255, np.uint8)).save(buffer, "PNG")
    shapes: list[dict[str, Any]] = [
        {"shape_type": "rectangle", "points": [[20, 10], [40, 30]]},
        {
            "shape_type": "mask",
            "points": [[50, 10], [69, 29]],
            "mask": base64.b64encode(buffer.getvalue()).decode(),
        },
        {"shape_type": "circle", "points": [[85, 20], [95, 20]]},
    ]
    labels = maps(written(tmp_path, labelme([{"label": "a", **s} for s in shapes])))["00000"]
    np.testing.assert_array_equal(labels == 1, BOX == 1)
    np.testing.assert_array_equal(labels == 2, np.roll(BOX, 30, 1) == 1)
    assert (labels == 3).sum() == pytest.approx(np.pi * 100, rel=0.02)
    line = {"label": "a", "shape_type": "line", "points": [[1, 1], [9, 9]]}
    with pytest.raises(DatasetError, match="shape 0 is a line, which has no area"):
        maps(written(tmp_path, labelme([line])))


def test_a_painted_area_ends_at_the_edges_of_the_picture(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    values = np.zeros((20, 20), np.uint8)
    values[10:, 15:] = 255
    Image.fromarray(values).save(buffer, "PNG")
    shape = {
        "label": "a",
        "shape_type": "mask",
        "points": [[-5, -4], [14, 15]],
        "mask": base64.b64encode(buffer.getvalue()).decode(),
    }
    labels = maps(written(tmp_path, labelme([shape])))["00000"]
    expected = np.zeros(SIZE, np.uint8)
    expected[6:16, 10:15] = 1
    np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize(("labels", "objects"), [(("ant", "bee"), 2), (("ant", "ant"), 4)])
def test_a_folder_of_labelme_files(tmp_path: Path, labels: tuple[str, str], objects: int) -> None:
    for index in (0, 3):
        shapes = [drawn(None, 30 * place, label) for place, label in enumerate(labels)]
        written(tmp_path, labelme(shapes, f"{index:05d}.jpg"), f"masks/{index:05d}.json")
    place = tmp_path / "masks"
    assert list(maps(place)) == ["00000", "00003"]
    masks = open_masks(place, FRAMES)
    assert len(masks.objects) == objects
    assert bool(masks.notes) == (objects == 4)
    digest = masks_digest(place)
    written(tmp_path, labelme([drawn()], "00003.jpg"), "masks/00003.json")
    assert masks_digest(place) != digest


@pytest.mark.parametrize("project", [True, False])
def test_via(tmp_path: Path, project: bool) -> None:
    shapes = [
        {"name": "polygon", "all_points_x": [20, 40, 40, 20], "all_points_y": [10, 10, 30, 30]},
        {"name": "rect", "x": 50, "y": 10, "width": 20, "height": 20},
    ]
    regions = [{"shape_attributes": shape, "region_attributes": {}} for shape in shapes]
    files = {"00000.jpg99": {"filename": "00000.jpg", "size": 99, "regions": regions}}
    document = {"_via_img_metadata": files, "_via_settings": {}} if project else files
    labels = maps(written(tmp_path, document))["00000"]
    np.testing.assert_array_equal(labels, BOX + 2 * np.roll(BOX, 30, 1))


def youtube_vis(names: list[str]) -> dict[str, Any]:
    tracks = [
        {
            "id": 10 + object_id,
            "video_id": 3,
            "segmentations": [
                None if index == 0 and object_id == 3 else runs(scene(index), object_id)
                for index in range(len(names))
            ],
        }
        for object_id in (1, 2, 3)
    ]
    other = {"id": 99, "video_id": 4, "segmentations": [runs(scene(), 1)]}
    videos = [
        {"id": 3, "height": SIZE[0], "width": SIZE[1], "file_names": names},
        {"id": 4, "height": SIZE[0], "width": SIZE[1], "file_names": ["other/00000.jpg"]},
    ]
    return {"videos": videos, "annotations": [*tracks, other], "categories": []}


@pytest.mark.parametrize("prefix", ["0000", "img_1"])
def test_youtube_vis(tmp_path: Path, prefix: str) -> None:
    names = [f"walk/{prefix}{index}.jpg" for index in range(8)]
    path = written(tmp_path, youtube_vis(names))
    found = maps(path)
    assert list(found) == list(FRAMES.names)
    np.testing.assert_array_equal(found["00004"], np.array([0, 11, 12, 13])[scene(4)])
    assert set(np.unique(found["00000"])) == {0, 11, 12}
    with pytest.raises(DatasetError, match="holds masks of 2 videos"):
        maps(path, VideoFrames(FRAMES.names, SIZE, "unknown"))


@pytest.mark.parametrize(("frames", "step"), [(8, 1), (2, 4), (3, None)])
def test_sa_v(tmp_path: Path, frames: int, step: int | None) -> None:
    masklets = [[runs(scene(index), k) for k in (2, 3)] for index in range(frames)]
    masklets[0][1] = {"size": list(SIZE), "counts": [SIZE[0] * SIZE[1]]}  # out of sight
    document = {"video_id": "sav_1", "masklet": masklets, "masklet_id": [0, 5]}
    path = written(tmp_path, document)
    if step is None:
        with pytest.raises(DatasetError, match="every frame or every fourth"):
            maps(path)
        return
    found = maps(path)
    assert list(found) == [f"{index * step:05d}" for index in range(frames)]
    np.testing.assert_array_equal(found[f"{step:05d}"], np.array([0, 0, 1, 2])[scene(1)])


def test_hidden_objects_are_empty_run_lengths(tmp_path: Path) -> None:
    for empty in (encode_run_lengths(np.zeros(SIZE)), [SIZE[0] * SIZE[1], 0]):
        hidden = {"size": list(SIZE), "counts": empty}
        sav = {"masklet": [[runs(scene(index), 1), hidden] for index in range(8)]}
        assert set(np.unique(maps(written(tmp_path, sav))["00003"])) == {0, 1}
        vis = youtube_vis([f"walk/{name}.jpg" for name in FRAMES.names])
        vis["annotations"][1]["segmentations"][3] = hidden
        assert set(np.unique(maps(written(tmp_path, vis))["00003"])) == {0, 11, 13}


def test_a_damaged_run_length_is_named(tmp_path: Path) -> None:
    damaged = {"size": list(SIZE), "counts": "~"}
    path = written(tmp_path, {"masklet": [[damaged] for _ in range(8)]})
    with pytest.raises(DatasetError, match="masklet 0, frame 0: run lengths cannot have"):
        maps(path)


def test_burst(tmp_path: Path) -> None:
    sequence = {
        "id": 1,
        "seq_name": "walk",
        "height": SIZE[0],
        "width": SIZE[1],
        "annotated_image_paths": ["frame00000.jpg", "frame00005.jpg"],
        "segmentations": [
            {"4": {"rle": runs(scene(), 1)["counts"], "is_gt": True}},
            {k: {"rle": runs(scene(5), int(k) - 3)["counts"]} for k in ("4", "5")},
        ],
    }
    found = maps(written(tmp_path, {"sequences": [sequence], "split": "val", "categories": []}))
    assert list(found) == ["00000", "00005"]
    np.testing.assert_array_equal(found["00005"], np.array([0, 4, 5, 0])[scene(5)])


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([{"id": 1, "data": {}, "annotations": []}], "Label Studio.*'Brush labels to PNG'"),
        ({"version": 1, "objects": [{"name": "dog"}]}, "Supported forms are COCO run lengths"),
        ({"images": [], "annotations": [{"bbox": [1, 2, 3, 4]}]}, "perhaps a box only"),
        ({"shapes": [{"label": "a"}]}, "cannot be understood"),
        ({"videos": [{}], "annotations": []}, "cannot be understood"),
        ({"sequences": []}, "holds masks of 0 videos"),
    ],
)
def test_json_of_other_programs(tmp_path: Path, document: Any, words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        maps(written(tmp_path, document))
