"""Predictions from zip files, Zarr and folders: which kind is found, and what is refused."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import zarr
from PIL import Image

from storage.errors import DatasetError, MissingDatasetError
from storage.prediction_sets import ReadOptions, open_predictions
from storage.prediction_sets.png_folder import PngFolder

MASK = np.zeros((6, 9), np.uint8)
MASK[1:4, 2:7] = 1
NAMES = ["00000", "00001", "00002"]


def png(tmp_path: Path, mask: np.ndarray[tuple[int, ...], np.dtype[np.uint8]] = MASK) -> bytes:
    path = tmp_path / "mask.png"
    Image.fromarray(mask).save(path)
    return path.read_bytes()


def zipped(tmp_path: Path, *members: str) -> Path:
    path = tmp_path / "made.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.writestr(member, png(tmp_path))
    return path


@pytest.mark.parametrize("prefix", ["", "results/", "Results/480p/"])
def test_folders_above_the_videos_are_passed_over(tmp_path: Path, prefix: str) -> None:
    path = zipped(
        tmp_path,
        f"{prefix}ant/00000.png",
        f"{prefix}ant/00002.png",
        f"__MACOSX/{prefix}ant/._00000.png",
        f"{prefix}readme.txt",
    )
    found = open_predictions(path)
    assert found.frames("ant", NAMES) == ["00000", "00002"]
    assert found.frames("bee", NAMES) is None
    np.testing.assert_array_equal(found.label_map("ant", "00002", ReadOptions()), MASK)
    assert found.name == "made"


@pytest.mark.parametrize(
    "member", ["../ant/00000.png", "/ant/00000.png", "a/../../ant/00000.png", "C:\\ant\\00000.png"]
)
def test_members_must_stay_inside(tmp_path: Path, member: str) -> None:
    path = zipped(tmp_path, "ant/00001.png", member)
    with pytest.raises(DatasetError, match="leads out of the archive"):
        open_predictions(path)


def test_a_frame_twice_in_a_zip_file(tmp_path: Path) -> None:
    path = zipped(tmp_path, "one/ant/00000.png", "two/ant/00000.png", "../x/00000.png")
    with pytest.raises(DatasetError, match=r"(?s)are the same frame.*leads out"):
        open_predictions(path)


def test_what_is_no_zip_file(tmp_path: Path) -> None:
    path = tmp_path / "made.zip"
    path.write_bytes(b"hello")
    with pytest.raises(DatasetError, match="not a readable zip file"):
        open_predictions(path)
    with pytest.raises(MissingDatasetError, match="are not there"):
        open_predictions(tmp_path / "nowhere")


def test_a_damaged_member_is_named(tmp_path: Path) -> None:
    path = zipped(tmp_path, "ant/00000.png")
    data = bytearray(path.read_bytes())
    data[60] ^= 255
    path.write_bytes(bytes(data))
    with pytest.raises(DatasetError, match=r"made\.zip:ant/00000\.png"):
        open_predictions(path).label_map("ant", "00000", ReadOptions())


def test_zarr_arrays_with_and_without_names(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "made.zarr", mode="w")
    maps = np.stack([MASK, MASK * 0, MASK])
    group.create_array("ant", data=maps)
    named = group.create_array("bee", data=maps[:2].astype(bool))
    named.attrs["frame_names"] = ["00002", "00001"]
    group.create_array("cat", data=maps[:2])
    group.create_array("dog", data=maps.astype(np.float32))
    group.create_group("eel")
    found = open_predictions(tmp_path / "made.zarr")
    assert found.frames("ant", NAMES) == NAMES
    assert found.frames("bee", NAMES) == ["00002", "00001"]
    np.testing.assert_array_equal(found.label_map("bee", "00002", ReadOptions()), MASK)
    assert found.frames("fly", NAMES) is None
    for video, words in (("cat", "has 2 frames"), ("dog", "float32"), ("eel", "no array")):
        with pytest.raises(DatasetError, match=words):
            found.frames(video, NAMES)


def test_any_other_folder_holds_png(tmp_path: Path) -> None:
    (tmp_path / "ant").mkdir()
    (tmp_path / "ant" / "00000.png").write_bytes(png(tmp_path))
    (tmp_path / "ant" / ".hidden.png").touch()
    found = open_predictions(tmp_path)
    assert isinstance(found, PngFolder)
    assert found.frames("ant", NAMES) == ["00000"]


def test_black_and_white_means_the_only_object(tmp_path: Path) -> None:
    options = ReadOptions(only_object=3)
    for mode in ("1", "L", "RGB", "LA"):
        Image.fromarray(MASK * 255).convert(mode).save(tmp_path / "a.png")
        np.testing.assert_array_equal(
            options.decode((tmp_path / "a.png").read_bytes(), "a"), MASK * 3
        )
    ids = MASK * 2
    np.testing.assert_array_equal(options.decode(png(tmp_path, ids), "a"), ids)


def test_videos_and_objects_with_numbers_as_names(tmp_path: Path) -> None:
    path = tmp_path / "made.zip"
    places = {1: (slice(0, 2), slice(0, 3)), 2: (slice(3, 5), slice(4, 9))}
    with zipfile.ZipFile(path, "w") as archive:
        for video in (1, 2):
            for number, place in places.items():
                mask = np.zeros((6, 9), np.uint8)
                mask[place] = 255
                archive.writestr(f"res/{video}/{number}/00000.png", png(tmp_path, mask))
    found = open_predictions(path)
    for name in ("1", "2"):
        labels = found.label_map(name, "00000", ReadOptions())
        for number, place in places.items():
            assert (labels[place] == number).all()
    maps = open_predictions(zipped(tmp_path, "res/1/00000.png", "res/2/00001.png"))
    assert [maps.frames(name, NAMES) for name in ("1", "2")] == [["00000"], ["00001"]]
