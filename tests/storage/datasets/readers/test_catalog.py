"""Opening datasets by name, and the ways in which that fails."""

import shutil
from pathlib import Path

import pytest

from storage.datasets.readers.catalog import (
    dataset_names,
    dataset_splits,
    fitting_datasets,
    open_dataset,
)
from storage.errors import (
    DatasetError,
    MissingDatasetError,
    UnknownDatasetError,
    UnknownSplitError,
    UnknownVideoError,
)


def test_names_and_splits(davis2016: Path) -> None:
    assert dataset_names() == [
        "davis2016",
        "davis2017",
        "folder",
        "segtrack2",
        "video",
        "youtube-vos",
    ]
    assert dataset_splits("davis2016", davis2016) == ["train", "val"]


def test_the_layout_tells_the_data_set(davis2016: Path, davis2017: Path) -> None:
    assert fitting_datasets(davis2016) == ["davis2016"]
    assert fitting_datasets(davis2017) == ["davis2017"]


@pytest.mark.parametrize(
    ("folders", "names"),
    [
        (["frames/walk"], ["folder"]),
        (["train/JPEGImages/walk", "train/Annotations/walk"], ["youtube-vos"]),
        (["JPEGImages/walk", "Annotations/walk"], ["folder", "youtube-vos"]),
        (["clips"], []),
    ],
)
def test_a_layout_of_several_data_sets(
    folders: list[str], names: list[str], tmp_path: Path
) -> None:
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    assert sorted(fitting_datasets(tmp_path)) == names


def test_a_folder_of_both_years_is_of_both_data_sets(davis2016: Path, davis2017: Path) -> None:
    for path in (davis2016 / "ImageSets").iterdir():
        shutil.copytree(path, davis2017 / "ImageSets" / path.name, dirs_exist_ok=True)
    assert fitting_datasets(davis2017) == ["davis2016", "davis2017"]


def test_chosen_videos_come_in_the_order_asked_for(davis2017: Path) -> None:
    videos = open_dataset("davis2017", davis2017, videos=["dog", "cat", "dog"])
    assert [video.name for video in videos] == ["dog", "cat"]


def test_opening_reads_no_frame(davis2016: Path) -> None:
    for path in (davis2016 / "JPEGImages").rglob("*.jpg"):
        path.write_bytes(b"")
    assert len(open_dataset("davis2016", davis2016)) == 1, "one bad video must not stop the others"


def test_unknown_dataset(tmp_path: Path) -> None:
    with pytest.raises(UnknownDatasetError, match=r"did you mean davis2016.*Datasets: davis2016, "):
        open_dataset("davis16", tmp_path)


def test_unknown_split(davis2016: Path) -> None:
    with pytest.raises(UnknownSplitError, match=r"did you mean train\? Splits: train, val"):
        open_dataset("davis2016", davis2016, "trian")


def test_unknown_videos(davis2016: Path) -> None:
    with pytest.raises(UnknownVideoError) as caught:
        open_dataset("davis2016", davis2016, videos=["ant", "beee", "bee"])
    message = str(caught.value)
    assert "no video 'ant': it is in split train" in message
    assert "no video 'beee'; did you mean bee?" in message
    assert message.endswith("Videos of split val: bee.")


def test_missing_root(tmp_path: Path) -> None:
    with pytest.raises(MissingDatasetError, match=r"nowhere, is not there.*unpacked"):
        open_dataset("davis2016", tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(MissingDatasetError, match="is a file"):
        open_dataset("davis2016", tmp_path / "file")


def test_a_root_that_is_not_davis(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(MissingDatasetError, match=r"not a davis2016 folder.*it holds photos.*Give"):
        open_dataset("davis2016", tmp_path)


def test_only_another_resolution(davis2016: Path) -> None:
    (davis2016 / "JPEGImages" / "480p").rename(davis2016 / "JPEGImages" / "1080p")
    with pytest.raises(MissingDatasetError, match="JPEGImages holds 1080p"):
        open_dataset("davis2016", davis2016)


def test_the_folder_above(davis2016: Path) -> None:
    with pytest.raises(MissingDatasetError, match=r"davis2016 has: give that folder as root"):
        open_dataset("davis2016", davis2016.parent)


def test_the_dataset_of_the_other_year(davis2016: Path) -> None:
    with pytest.raises(MissingDatasetError, match="those of davis2016: use that dataset"):
        open_dataset("davis2017", davis2016)


def test_videos_without_frames_are_named_together(davis2017: Path) -> None:
    shutil.rmtree(davis2017 / "JPEGImages" / "480p" / "dog")
    with pytest.raises(MissingDatasetError, match=r"1 of 2 videos .* have no frame folder.*: dog"):
        open_dataset("davis2017", davis2017)
    assert len(open_dataset("davis2017", davis2017, videos=["cat"])) == 1


@pytest.mark.parametrize("line", ["/JPEGImages/480p", "cat dog", "/a/../b.jpg", ".."])
def test_malformed_image_sets(davis2017: Path, line: str) -> None:
    (davis2017 / "ImageSets" / "2017" / "val.txt").write_text(f"cat\n\n{line}\n")
    with pytest.raises(DatasetError, match=r"val\.txt, line 3.*Correct the line"):
        open_dataset("davis2017", davis2017)


def test_empty_and_binary_image_sets(davis2017: Path) -> None:
    path = davis2017 / "ImageSets" / "2017" / "val.txt"
    path.write_text("\n")
    with pytest.raises(DatasetError, match="lists no video"):
        open_dataset("davis2017", davis2017)
    path.write_bytes(b"\xff\xfe\x00\xff")
    with pytest.raises(DatasetError, match="not a text file"):
        open_dataset("davis2017", davis2017)
