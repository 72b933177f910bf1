"""The user's own data sets: folders of images, and video files, with masks."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from storage.datasets.readers.catalog import dataset_splits, open_annotations, open_dataset
from storage.datasets.readers.own_video import open_own_video
from storage.errors import DatasetError, MissingDatasetError
from storage.kinds.videos import open_video, write_video
from storage.store.artifacts import ArtifactStore

SaveImage = Callable[..., None]
SIZE = (48, 64)


def add_frames(folder: Path, save_image: SaveImage, names: tuple[str, ...]) -> None:
    for number, name in enumerate(names):
        noise = np.random.default_rng(number).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
        save_image(folder / f"{name}.png", noise)


def square(label: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    mask = np.zeros(SIZE, np.uint8)
    mask[10:20, 8 * label : 8 * label + 8] = label
    return mask


@pytest.fixture
def root(tmp_path: Path, save_image: SaveImage) -> Path:
    """Videos "clip2" with a mask file and "clip10" with masks of two frames."""
    root = tmp_path / "own"
    add_frames(root / "frames" / "clip2", save_image, ("f1", "f2", "f10"))
    add_frames(root / "frames" / "clip10", save_image, ("a", "b"))
    save_image(root / "masks" / "clip2.png", square(1))
    save_image(root / "masks" / "clip10" / "a.png", square(1), "P")
    save_image(root / "masks" / "clip10" / "b.png", square(2), "P")
    return root


def test_folders_of_frames_and_of_masks(root: Path, store: ArtifactStore) -> None:
    assert dataset_splits("folder", root) == ["val"]
    first, second = open_dataset("folder", root)
    assert (first.name, first.frame_names) == ("clip2", ("f1", "f2", "f10"))
    assert (second.objects, second.label_map(0) is None) == ((1, 2), False)
    stored = open_video(store, write_video(store, second, None))
    assert (stored.first_frame(1), stored.first_frame(2)) == (0, 1)
    assert stored.frame_times is None


def test_annotations_by_prompts_travel_to_other_processes(root: Path) -> None:
    (root / "masks" / "clip2.png").unlink()
    prompts = {"prompts": [{"box": [5, 5, 40, 30]}]}
    (root / "masks" / "clip2.json").write_text(json.dumps(prompts))
    first, *_ = open_annotations("folder", root)
    here = first.label_map(0)  # opens the masks
    there = pickle.loads(pickle.dumps(first))
    assert there.frame_names == first.frame_names
    np.testing.assert_array_equal(there.label_map(0), here)


def test_one_video_without_folders(tmp_path: Path, save_image: SaveImage) -> None:
    root = tmp_path / "walk"
    add_frames(root / "JPEGImages", save_image, ("a", "b"))
    save_image(root / "Annotations" / "a.png", square(3))
    (root / "JPEGImages" / ".ipynb_checkpoints").mkdir()
    (video,) = open_dataset("folder", root)
    assert (video.name, video.objects) == ("walk", (3,))


def test_annotations(root: Path) -> None:
    clip2, clip10 = open_annotations("folder", root)
    assert clip2.frame_names == ("f1",)
    assert clip2.other_frames == {"f2", "f10"}
    np.testing.assert_array_equal(clip10.label_map(1), square(2))


def test_video_files(
    tmp_path: Path, make_video: Callable[..., Path], save_image: SaveImage, store: ArtifactStore
) -> None:
    for name in ("a.mp4", "b.MKV"):
        make_video(tmp_path / name.lower(), 3).rename(tmp_path / name)
    save_image(tmp_path / "a.png", square(1))
    save_image(tmp_path / "masks" / "b" / "00002.png", square(2), "P")
    first, second = open_dataset("video", tmp_path)
    assert (first.name, first.frame_count) == ("a", 3)
    assert second.label_map(0) is None
    stored = open_video(store, write_video(store, second, None))
    assert (stored.objects, stored.first_frame(2)) == ((2,), 2)
    assert stored.frame_times == pytest.approx((0, 0.04, 0.08), abs=0.002)


def test_a_video_without_masks_leaves_the_others_alone(root: Path) -> None:
    (root / "masks" / "clip2.png").unlink()
    first, second = open_dataset("folder", root)
    assert second.objects == (1, 2)
    with pytest.raises(MissingDatasetError, match=r"masks/clip2"):
        first.objects  # noqa: B018


def test_frames_that_cannot_be_used(root: Path, save_image: SaveImage) -> None:
    folder = root / "frames" / "clip2"
    save_image(folder / "f3.png", np.zeros((9, 9, 3), np.uint8))
    (video,) = open_dataset("folder", root, videos=["clip2"])
    with pytest.raises(DatasetError, match=r"f3\.png is 9x9"):
        video.objects  # noqa: B018
    (folder / "f3.png").write_bytes((folder / "f2.png").read_bytes()[:-20])
    with pytest.raises(DatasetError, match="truncated PNG"):
        video.fingerprint()
    (folder / "f3.png").unlink()
    (folder / "f3.png").symlink_to(root / "masks" / "clip2.png")
    (video,) = open_dataset("folder", root, videos=["clip2"])
    with pytest.raises(DatasetError, match="is a link out of"):
        video.fingerprint()


def test_the_fingerprint_follows_frames_masks_and_name(root: Path, save_image: SaveImage) -> None:
    place, masks = root / "frames" / "clip2", root / "masks" / "clip2.png"
    found = {open_own_video(place, masks).fingerprint()}
    found.add(open_own_video(place, masks, "other").fingerprint())
    save_image(masks, square(2))
    found.add(open_own_video(place, masks).fingerprint())
    save_image(place / "f2.png", np.zeros((*SIZE, 3), np.uint8))
    found.add(open_own_video(place, masks).fingerprint())
    assert len(found) == 4


def test_other_folders(tmp_path: Path) -> None:
    with pytest.raises(MissingDatasetError, match="has no folder frames"):
        open_dataset("folder", tmp_path)
    with pytest.raises(MissingDatasetError, match=r"has no file \.mp4"):
        open_dataset("video", tmp_path)
