"""The real data sets, if the reference data is available."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from storage.datasets.readers.catalog import dataset_splits, open_dataset
from storage.datasets.readers.own_video import open_own_video
from storage.kinds.videos import open_video, write_video
from storage.store.artifacts import ArtifactStore


@pytest.mark.shared
def test_davis2016_as_published(shared_data: Path) -> None:
    root = shared_data / "davis2016"
    assert dataset_splits("davis2016", root) == ["train", "val"]
    assert len(open_dataset("davis2016", root, "train")) == 30
    assert "blackswan" in [video.name for video in open_dataset("davis2016", root)]


@pytest.mark.shared
def test_a_mask_with_alpha(shared_data: Path) -> None:
    (bear,) = open_dataset("davis2016", shared_data / "davis2016", "train", ["bear"])
    odd, before = bear.label_map(77), bear.label_map(76)
    assert odd is not None
    assert before is not None
    assert abs(odd.mean() - before.mean()) < 0.01
    assert odd.max() == 1


@pytest.mark.shared
def test_davis2017_with_its_default_split(shared_data: Path, store: ArtifactStore) -> None:
    (video,) = open_dataset("davis2017", shared_data / "davis2017-sample")
    assert (video.name, video.frame_count, video.objects) == ("dogs-jump", 66, (1, 2, 3))
    stored = open_video(store, write_video(store, video, 60))
    assert stored.size == (60, 108)
    assert stored.output_size == (240, 432)
    assert stored.objects == (1, 2, 3)
    annotation = stored.annotation(65)
    expected = video.label_map(65)
    assert annotation is not None
    assert expected is not None
    assert annotation.tobytes() == expected.tobytes()


@pytest.mark.shared
def test_the_same_video_as_a_file(shared_data: Path) -> None:
    root = shared_data / "davis2017-sample"
    mask = root / "Annotations" / "480p" / "dogs-jump" / "00000.png"
    file = open_own_video(root / "dogs-jump.mp4", mask)
    (images,) = open_dataset("davis2017", root)
    assert (file.frame_count, file.frame_names[65]) == (66, "00065")
    for index in (0, 65):  # both were compressed, each in its way
        difference = file.frame(index).astype(int) - images.frame(index)
        assert np.abs(difference).mean() < 2
    first = images.label_map(0)
    assert first is not None
    np.testing.assert_array_equal(file.masks.label_map("00000"), first)


def digest(maps: Iterable[NDArray[np.uint8] | None]) -> str:
    """sha256 over all label maps; none may be missing."""
    found = sha256()
    for labels in maps:
        assert labels is not None
        assert labels.dtype == np.uint8
        found.update(f"{labels.shape}".encode())
        found.update(labels.tobytes())
    return found.hexdigest()


def palette_indices(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        assert image.mode == "P"
        return np.array(image, np.uint8)


def object_2(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return (np.array(image.convert("L")) >= 128).astype(np.uint8) * np.uint8(2)


@pytest.mark.shared
def test_dogs_jump_has_the_label_maps_of_a_plain_reader(
    shared_data: Path, store: ArtifactStore
) -> None:
    root = shared_data / "davis2017-sample"
    files = sorted((root / "Annotations" / "480p" / "dogs-jump").glob("*.png"))
    assert len(files) == 66
    plain = digest(palette_indices(path) for path in files)
    (video,) = open_dataset("davis2017", root)
    assert digest(video.label_map(index) for index in range(66)) == plain
    stored = open_video(store, write_video(store, video, None))
    assert digest(stored.annotation(index) for index in range(66)) == plain
    file = open_own_video(root / "dogs-jump.mp4", files[0].parent)
    assert digest(file.label_map(index) for index in range(66)) == plain


@pytest.mark.shared
def test_segtrack_has_the_label_maps_of_a_plain_reader(
    shared_data: Path, store: ArtifactStore
) -> None:
    root = shared_data / "segtrack2-sample"
    files = sorted((root / "GroundTruth" / "bmx" / "2").glob("*.png"))
    assert len(files) == 36
    plain = digest(object_2(path) for path in files)
    (video,) = open_dataset("segtrack2", root)
    assert digest(video.label_map(index) for index in range(36)) == plain
    stored = open_video(store, write_video(store, video, None))
    assert digest(stored.annotation(index) for index in range(36)) == plain
