"""Predictions as tables, mattes, cut-outs, annotation files and zips for servers."""

import csv
import json
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from storage.errors import InvalidAddressError
from storage.export.cvat import export_cvat
from storage.export.frame_table import COLUMNS, export_frame_table
from storage.export.label_studio import export_label_studio
from storage.export.mattes import export_cutouts, export_mattes
from storage.export.server_zip import export_server_zip
from storage.files.output_folder import OutputFolder
from storage.kinds.predictions import StoredPrediction, write_prediction
from storage.store.artifacts import ArtifactStore

SIZE = (6, 8)
NAMES = ("00000", "00001", "00002")


def label_map(index: int) -> NDArray[np.uint8]:
    """Object 1 at rows 1-2 and columns 2 + t to 4 + t; object 3 in the corner of frame 1 alone."""
    labels = np.zeros(SIZE, np.uint8)
    labels[1:3, 2 + index : 5 + index] = 1
    if index == 1:
        labels[5, 0] = 3
    return labels


def prediction(
    folder: Path, video: str = "walk", names: tuple[str, ...] = NAMES, soft: bool = False
) -> StoredPrediction:
    store = ArtifactStore(str(folder))
    with write_prediction(
        store,
        f"key-{video}",
        video=video,
        size=SIZE,
        objects=(1, 3),
        frame_names=names,
        metadata={},
        frame_times=(0.0, 0.04, 0.5),
        soft_masks=soft,
    ) as writer:
        for index in range(3):
            masks = np.stack([np.where(label_map(index) == i, 200, 40) for i in (1, 3)])
            states, boxes = [0, 0 if index == 1 else 1], np.zeros((2, 4))
            probabilities = (masks.astype(np.uint8),) if soft else ()
            writer.add(index, label_map(index), states, boxes, [0.75, 0.5], 0, *probabilities)
    return StoredPrediction(store, f"key-{video}")


@pytest.fixture
def out(tmp_path: Path) -> OutputFolder:
    return OutputFolder(tmp_path / "out")


def test_a_row_per_frame_and_object(tmp_path: Path, out: OutputFolder) -> None:
    path = export_frame_table(prediction(tmp_path / "store"), out)
    rows = list(csv.reader(path.read_text().splitlines()))
    assert rows[0] == list(COLUMNS)
    assert rows[3] == ["1", "0.04", "1", "tracked", "6", "3", "1", "6", "3", "4.0", "1.5", "0.75"]
    assert rows[4] == ["1", "0.04", "3", "tracked", "1", "0", "5", "1", "6", "0.0", "5.0", "0.5"]
    assert rows[6] == ["2", "0.5", "3", "lost", "0", "", "", "", "", "", "", "0.5"]
    assert len(rows) == 7


@pytest.mark.parametrize("soft", [False, True])
def test_mattes_and_cutouts(tmp_path: Path, out: OutputFolder, soft: bool) -> None:
    found = prediction(tmp_path / "store", soft=soft)
    mattes = export_mattes(found, out)
    assert len(list(mattes.iterdir())) == 6
    alpha = np.asarray(Image.open(mattes / "00001_1.png"))
    on, off = (200, 40) if soft else (255, 0)
    np.testing.assert_array_equal(alpha, np.where(label_map(1) == 1, on, off))
    frames = np.random.default_rng(1).integers(0, 255, (3, *SIZE, 3), dtype=np.uint8)
    cutouts = export_cutouts(found, lambda index: frames[index], out)
    assert len(list(cutouts.iterdir())) == (6 if soft else 4)
    picture = np.asarray(Image.open(cutouts / "00001_1.png"))
    np.testing.assert_array_equal(picture[..., :3], frames[1])
    np.testing.assert_array_equal(picture[..., 3], alpha)


def test_cutouts_have_the_size_of_the_frames(tmp_path: Path, out: OutputFolder) -> None:
    large = np.zeros((12, 16, 3), np.uint8)
    cutouts = export_cutouts(prediction(tmp_path / "store"), lambda index: large, out)
    assert np.asarray(Image.open(cutouts / "00002_1.png")).shape == (12, 16, 4)


def test_cvat_masks_are_run_lengths_in_their_boxes(tmp_path: Path, out: OutputFolder) -> None:
    path = export_cvat(prediction(tmp_path / "store", names=("0", '"<1>&', "2")), out)
    images = ElementTree.parse(path).getroot().findall("image")
    assert [image.get("name") for image in images] == ["0", '"<1>&', "2"]
    assert (images[0].get("width"), images[0].get("height")) == ("8", "6")
    for index, image in enumerate(images):
        drawn = np.zeros(SIZE, np.uint8)
        for mask in image.findall("mask"):
            left, top, width, height = (
                int(str(mask.get(name))) for name in ("left", "top", "width", "height")
            )
            lengths = [int(length) for length in str(mask.get("rle")).split(",")]
            values = np.repeat(np.arange(len(lengths)) % 2, lengths).reshape(height, width)
            label = int(str(mask.get("label")).removeprefix("object "))
            drawn[top : top + height, left : left + width][values > 0] = label
        np.testing.assert_array_equal(drawn, label_map(index))


def test_label_studio_has_boxes_in_percent(tmp_path: Path, out: OutputFolder) -> None:
    path = export_label_studio(prediction(tmp_path / "store"), out)
    (task,) = json.loads(path.read_text())
    first, third = task["predictions"][0]["result"]
    assert first["value"]["labels"] == ["object 1"]
    assert [box["frame"] for box in first["value"]["sequence"]] == [1, 2, 3]
    box = first["value"]["sequence"][1]
    assert (box["x"], box["width"], box["time"]) == (37.5, 37.5, 0.04)
    assert (box["y"], box["height"]) == pytest.approx((100 / 6, 100 / 3))
    assert [(box["frame"], box["enabled"]) for box in third["value"]["sequence"]] == [(2, False)]
    assert first["value"]["framesCount"] == 3


@pytest.mark.parametrize(
    ("form", "name", "above"),
    [("davis-zip", "davis.zip", ""), ("youtube-vos-zip", "youtube-vos.zip", "Annotations/")],
)
def test_zips_for_servers(
    tmp_path: Path, out: OutputFolder, form: str, name: str, above: str
) -> None:
    two = [prediction(tmp_path / "store", video) for video in ("walk", "bee")]
    path = export_server_zip(two, form, out)
    assert path.name == name
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [
            f"{above}{video}/{frame}.png" for video in ("bee", "walk") for frame in NAMES
        ]
        with archive.open(f"{above}walk/00001.png") as file:
            image = Image.open(file)
            assert image.mode == "P"
            np.testing.assert_array_equal(np.asarray(image), label_map(1))
    before = path.read_bytes()
    assert export_server_zip(two[::-1], form, out).read_bytes() == before
    strange = prediction(tmp_path / "other", names=("a", "b", "c"))
    with pytest.raises(InvalidAddressError, match="frame 'a' is not named by five digits"):
        export_server_zip([*two, strange], form, out)
    assert path.read_bytes() == before
