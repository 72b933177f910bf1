"""The DAVIS layouts: reading, and errors for damaged files."""

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from storage.datasets.readers.catalog import open_dataset
from storage.errors import DatasetError, MissingDatasetError

FRAMES = Path("JPEGImages/480p")
MASKS = Path("Annotations/480p")


def test_davis2016(davis2016: Path) -> None:
    (video,) = open_dataset("davis2016", davis2016)
    assert (video.dataset, video.name, video.frame_count) == ("davis2016", "bee", 4)
    assert video.frame_names == ("00000", "00001", "00002", "00003")
    assert video.objects == (1,)
    assert video.frame(3).shape == (16, 24, 3)
    label_map = video.label_map(1)
    assert label_map is not None
    assert label_map.dtype == np.uint8
    assert np.argwhere(label_map).min(axis=0).tolist() == [4, 3]


def test_davis2017(davis2017: Path) -> None:
    cat, dog = open_dataset("davis2017", davis2017)
    assert (cat.name, dog.name) == ("cat", "dog")
    assert cat.objects == (1, 3), "ids are kept as they are"
    assert cat.fingerprint() != dog.fingerprint()


def test_later_frames_may_lack_masks(davis2017: Path) -> None:
    (davis2017 / MASKS / "cat" / "00001.png").unlink()
    (davis2017 / MASKS / "cat" / "00002.png").unlink()
    video = open_dataset("davis2017", davis2017)[0]
    assert video.label_map(0) is not None
    assert video.label_map(1) is None
    assert video.label_map(2) is None


def test_davis2016_from_the_archive_of_2017(davis2017: Path) -> None:
    folder = davis2017 / "ImageSets" / "2016"
    folder.mkdir()
    (folder / "val.txt").write_text("dog\r\n")
    (video,) = open_dataset("davis2016", davis2017)
    assert (video.name, video.objects) == ("dog", (1,))


def test_any_index_outside_is_an_error(davis2016: Path) -> None:
    (video,) = open_dataset("davis2016", davis2016)
    for index in (-1, 4):
        with pytest.raises(IndexError, match=r"outside 0\.\.3 of bee"):
            video.frame(index)
        with pytest.raises(IndexError):
            video.label_map(index)


def test_the_fingerprint_knows_every_byte(davis2016: Path) -> None:
    def fingerprint() -> str:
        return open_dataset("davis2016", davis2016)[0].fingerprint()

    first = fingerprint()
    assert first == fingerprint()
    mask = davis2016 / MASKS / "bee" / "00002.png"
    labels = np.array(Image.open(mask))
    labels[0, 0] = 255
    Image.fromarray(labels).save(mask)
    second = fingerprint()
    mask.unlink()
    assert len({first, second, fingerprint()}) == 3


def test_the_same_masks_read_as_another_dataset_differ(davis2017: Path) -> None:
    shutil.copytree(davis2017 / "ImageSets" / "2017", davis2017 / "ImageSets" / "2016")
    several = open_dataset("davis2017", davis2017)[0].fingerprint()
    assert several != open_dataset("davis2016", davis2017)[0].fingerprint()


def test_videos_travel_between_processes(davis2016: Path) -> None:
    (video,) = open_dataset("davis2016", davis2016)
    again = pickle.loads(pickle.dumps(video))
    assert again.fingerprint() == video.fingerprint()


def _problem(root: Path) -> str:
    (video,) = open_dataset("davis2016", root)
    with pytest.raises(DatasetError, match="davis2016 video bee") as caught:
        video.fingerprint()
    return str(caught.value)


def test_a_gap_in_the_numbering(davis2016: Path) -> None:
    (davis2016 / "ImageSets" / "480p" / "val.txt").write_text("bee\n")
    (davis2016 / FRAMES / "bee" / "00001.jpg").unlink()
    (davis2016 / FRAMES / "bee" / "00002.jpg").unlink()
    message = _problem(davis2016)
    assert "2 frames missing between 00000.jpg and 00003.jpg" in message
    assert "00001.png: no frame of that name" in message


def test_frames_that_the_image_set_lists(davis2016: Path) -> None:
    (davis2016 / FRAMES / "bee" / "00003.jpg").unlink()
    (davis2016 / MASKS / "bee" / "00003.png").unlink()
    assert "frame 00003 of the image set is missing" in _problem(davis2016)


def test_all_damaged_files_are_named_at_once(
    davis2016: Path, save_image: Callable[..., None]
) -> None:
    (davis2016 / FRAMES / "bee" / "00001.jpg").write_bytes(b"")
    (davis2016 / FRAMES / "bee" / "00002.jpg").write_bytes(b"not a picture")
    save_image(davis2016 / MASKS / "bee" / "00002.png", np.zeros((8, 24), np.uint8))
    save_image(davis2016 / FRAMES / "bee" / "00003.jpg", np.zeros((16, 20, 3), np.uint8))
    message = _problem(davis2016)
    assert "4 problems" in message
    assert "00001.jpg is empty (0 bytes)" in message
    assert "00002.jpg is not a readable image" in message
    assert "00002.png: the mask is 24x8, but the first frame is 24x16" in message
    assert "00003.jpg: the frame is 20x16, but the first frame is 24x16" in message
    assert message.endswith("leave the video out.")


def test_long_lists_are_cut(davis2017: Path) -> None:
    for index in range(20, 35):
        (davis2017 / FRAMES / "cat" / f"{index:05d}.jpg").write_bytes(b"")
    video = open_dataset("davis2017", davis2017)[0]
    with pytest.raises(DatasetError, match=r"16 problems(.|\n)*and 6 more"):
        _ = video.frame_count


def test_truncated_files_are_found_before_any_is_decoded(davis2016: Path) -> None:
    for path in (FRAMES / "bee" / "00001.jpg", MASKS / "bee" / "00002.png"):
        data = (davis2016 / path).read_bytes()
        (davis2016 / path).write_bytes(data[:-9])
    message = _problem(davis2016)
    assert "00001.jpg is a truncated JPEG" in message
    assert "00002.png is a truncated PNG" in message
    (video,) = open_dataset("davis2016", davis2016)
    with pytest.raises(DatasetError, match=r"00001\.jpg is a truncated JPEG"):
        video.frame(1)


def test_the_first_mask_is_missing(davis2016: Path) -> None:
    (davis2016 / MASKS / "bee" / "00000.png").unlink()
    assert "00000.jpg: the first frame has no mask" in _problem(davis2016)
    shutil.rmtree(davis2016 / MASKS / "bee")
    assert "00000.jpg: the first frame has no mask" in _problem(davis2016)


def test_the_first_mask_is_empty(davis2016: Path, save_image: Callable[..., None]) -> None:
    save_image(davis2016 / MASKS / "bee" / "00000.png", np.zeros((16, 24), np.uint8))
    assert "00000.png has no object." in _problem(davis2016)


def test_the_first_mask_is_void(davis2017: Path, save_image: Callable[..., None]) -> None:
    save_image(davis2017 / MASKS / "cat" / "00000.png", np.full((16, 24), 255, np.uint8))
    with pytest.raises(DatasetError, match="no object besides void"):
        open_dataset("davis2017", davis2017)[0].fingerprint()


def test_two_files_of_one_frame(davis2016: Path) -> None:
    shutil.copy(davis2016 / FRAMES / "bee" / "00001.jpg", davis2016 / FRAMES / "bee" / "00001.jpeg")
    assert "a second file of frame 00001" in _problem(davis2016)


def test_an_empty_frame_folder(davis2016: Path) -> None:
    shutil.rmtree(davis2016 / FRAMES / "bee")
    (davis2016 / FRAMES / "bee").mkdir()
    (video,) = open_dataset("davis2016", davis2016)
    with pytest.raises(MissingDatasetError, match="has no frames"):
        video.fingerprint()
