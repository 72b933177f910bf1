"""YouTube-VOS in its official layout."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from storage.datasets.readers.catalog import dataset_splits, open_annotations, open_dataset
from storage.errors import DatasetError, MissingDatasetError
from storage.kinds.videos import open_video, write_video
from storage.store.artifacts import ArtifactStore

SIZE = (16, 24)
FRAMES = ("00005", "00010", "00015", "00020")


@pytest.fixture
def root(tmp_path: Path, save_image: Callable[..., None]) -> Path:
    """Split valid with "0a1": object 1 from frame 00005 on, object 2 annotated in 00015 alone."""
    place = tmp_path / "vos" / "valid"
    for number, name in enumerate(FRAMES):
        noise = np.random.default_rng(number).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
        save_image(place / "JPEGImages" / "0a1" / f"{name}.jpg", noise)
    for name, label in (("00005", 1), ("00015", 2)):
        labels = np.zeros(SIZE, np.uint8)
        labels[4:10, 4 * label : 4 * label + 4] = label
        save_image(place / "Annotations" / "0a1" / f"{name}.png", labels, "P")
    objects = {"1": {"frames": list(FRAMES)}, "2": {"frames": ["00015", "00020"]}}
    (place / "meta.json").write_text(json.dumps({"videos": {"0a1": {"objects": objects}}}))
    return tmp_path / "vos"


def test_objects_that_appear_later(root: Path, store: ArtifactStore) -> None:
    assert dataset_splits("youtube-vos", root) == ["val"]
    (video,) = open_dataset("youtube-vos", root)
    assert (video.frame_names, video.objects) == (FRAMES, (1, 2))
    assert video.label_map(1) is None
    stored = open_video(store, write_video(store, video, None))
    assert (stored.first_frame(1), stored.first_frame(2)) == (0, 2)


def test_a_first_frame_without_mask(root: Path) -> None:
    (root / "valid/Annotations/0a1/00005.png").unlink()
    (root / "valid/meta.json").unlink()
    (video,) = open_dataset("youtube-vos", root)
    assert video.objects == (2,)


def test_a_split_folder_as_root(root: Path) -> None:
    (video,) = open_dataset("youtube-vos", root / "valid")
    assert video.frame_count == 4
    assert (root / "valid").rename(root / "train")
    assert dataset_splits("youtube-vos", root) == ["train"]


def test_annotations_need_no_frames(root: Path) -> None:
    for path in (root / "valid/JPEGImages/0a1").iterdir():
        path.unlink()
    (video,) = open_annotations("youtube-vos", root)
    assert video.frame_names == ("00005", "00015")
    assert np.unique(video.label_map(1)).tolist() == [0, 2]


def test_meta_names_what_is_missing(root: Path) -> None:
    (root / "valid/Annotations/0a1/00015.png").unlink()
    (video,) = open_dataset("youtube-vos", root)
    with pytest.raises(DatasetError, match="frame 00015, where object 2 first appears"):
        video.fingerprint()


def test_masks_without_objects(root: Path, save_image: Callable[..., None]) -> None:
    (root / "valid/meta.json").unlink()
    for name in ("00005", "00015"):
        save_image(root / f"valid/Annotations/0a1/{name}.png", np.zeros(SIZE, np.uint8), "P")
    (video,) = open_dataset("youtube-vos", root)
    with pytest.raises(DatasetError, match="has no object"):
        video.fingerprint()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"videos": {}}', '{"videos": {"../x": {"objects": {}}}}', "[" * 100_000]
)
def test_malformed_meta(root: Path, text: str) -> None:
    (root / "valid/meta.json").write_text(text)
    with pytest.raises(DatasetError, match=r"meta\.json"):
        open_dataset("youtube-vos", root)


def test_other_folders(tmp_path: Path) -> None:
    with pytest.raises(MissingDatasetError, match="neither it nor train, valid or test"):
        open_dataset("youtube-vos", tmp_path)
