"""SegTrack v2 in its official layout."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from storage.datasets.readers.catalog import dataset_splits, open_annotations, open_dataset
from storage.datasets.source import SourceVideo
from storage.errors import DatasetError, MissingDatasetError, UnknownVideoError
from storage.kinds.videos import open_video, write_video
from storage.store.artifacts import ArtifactStore

SIZE = (14, 20)
SUFFIXES = ("bmp", "png", "jpg", "tif")


def soft_mask(left: int) -> NDArray[np.uint8]:
    """Columns left..left+4 white, one column beside it just below half, one at half."""
    mask = np.zeros(SIZE, np.uint8)
    mask[4:10, left : left + 5] = 255
    mask[4:10, left - 1] = 127
    mask[4:10, left + 5] = 128
    return mask


def add_sequence(root: Path, name: str, objects: int, suffix: str = "png") -> None:
    """Frames 7, 8 and 9 of a sequence; without folders per object when there is one."""
    frames = root / "JPEGImages" / name
    frames.mkdir(parents=True)
    lines = [f"*{name}"]
    for index in (7, 8, 9):
        stem = f"{name}_{index:05d}"
        noise = np.random.default_rng(index).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
        Image.fromarray(noise).save(frames / f"{stem}.{suffix}")
        for number in range(1, objects + 1):
            place = root / "GroundTruth" / name
            place = place if objects == 1 else place / str(number)
            place.mkdir(parents=True, exist_ok=True)
            mask = Image.fromarray(soft_mask(8 * number - 6))
            mask.save(place / f"{stem}.{'png' if suffix == 'jpg' else suffix}")
        lines.append(stem)
    (root / "ImageSets").mkdir(exist_ok=True)
    (root / "ImageSets" / f"{name}.txt").write_text("\n".join(lines) + "\n")


@pytest.fixture
def segtrack(tmp_path: Path) -> Path:
    root = tmp_path / "SegTrackv2"
    add_sequence(root, "frog", 1)
    add_sequence(root, "drift", 2, "bmp")
    return root


def label_map(video: SourceVideo, index: int) -> NDArray[np.uint8]:
    labels = video.label_map(index)
    assert labels is not None
    return labels


def test_sequences_frames_and_objects(segtrack: Path) -> None:
    assert dataset_splits("segtrack2", segtrack) == ["val"]
    drift, frog = open_dataset("segtrack2", segtrack)
    assert (drift.name, drift.objects, frog.objects) == ("drift", (1, 2), (1,))
    assert frog.frame_names == ("frog_00007", "frog_00008", "frog_00009")
    assert drift.frame(0).shape == (*SIZE, 3)


def test_masks_are_cut_at_half(segtrack: Path) -> None:
    drift, _ = open_dataset("segtrack2", segtrack)
    expected = np.zeros(SIZE, np.uint8)
    expected[4:10, 2:8] = 1
    expected[4:10, 10:16] = 2
    np.testing.assert_array_equal(label_map(drift, 2), expected)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format(tmp_path: Path, suffix: str) -> None:
    add_sequence(tmp_path, "worm", 2, suffix)
    (video,) = open_dataset("segtrack2", tmp_path)
    assert video.frame_count == 3
    assert np.unique(label_map(video, 0)).tolist() == [0, 1, 2]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_mode(segtrack: Path, mode: str) -> None:
    path = segtrack / "GroundTruth" / "frog" / "frog_00008.png"
    hard = np.where(soft_mask(2) == 255, 255, 0).astype(np.uint8)
    Image.fromarray(hard).convert(mode).save(path)
    (video,) = open_dataset("segtrack2", segtrack, videos=["frog"])
    np.testing.assert_array_equal(label_map(video, 1), hard // 255)


def test_the_fingerprint_knows_which_object_is_which(segtrack: Path) -> None:
    (before,) = open_dataset("segtrack2", segtrack, videos=["drift"])
    first = before.fingerprint()
    (segtrack / "GroundTruth/drift/2").rename(segtrack / "GroundTruth/drift/3")
    (after,) = open_dataset("segtrack2", segtrack, videos=["drift"])
    assert after.objects == (1, 3)
    assert after.fingerprint() != first


def test_it_goes_into_the_store(segtrack: Path, store: ArtifactStore) -> None:
    drift, _ = open_dataset("segtrack2", segtrack)
    stored = open_video(store, write_video(store, drift, None))
    assert stored.objects == (1, 2)
    annotation = stored.annotation(1)
    assert annotation is not None
    assert annotation.tobytes() == label_map(drift, 1).tobytes()


def test_missing_masks_are_named_together(segtrack: Path) -> None:
    for name in ("1/drift_00008.bmp", "2/drift_00009.bmp"):
        (segtrack / "GroundTruth" / "drift" / name).unlink()
    (video,) = open_dataset("segtrack2", segtrack, videos=["drift"])
    with pytest.raises(DatasetError, match=r"(?s)1: the mask of frame drift_00008.*2: the mask.*9"):
        video.frame_names  # noqa: B018
    with pytest.raises(DatasetError, match=r"(?s)drift_00008.*drift_00009"):
        open_annotations("segtrack2", segtrack, videos=["drift"])


def test_listed_frames_must_be_there(segtrack: Path) -> None:
    (segtrack / "JPEGImages" / "frog" / "frog_00009.png").unlink()
    (video,) = open_dataset("segtrack2", segtrack, videos=["frog"])
    with pytest.raises(DatasetError, match="frame frog_00009 of the image set is missing"):
        video.frame_names  # noqa: B018


def test_annotations_need_no_frames(segtrack: Path) -> None:
    for path in (segtrack / "JPEGImages").rglob("*.*"):
        path.unlink()
    drift, frog = open_annotations("segtrack2", segtrack)
    assert (drift.objects, frog.objects) == ((1, 2), (1,))
    assert frog.label_map(0).sum() == 36


def test_other_folders(segtrack: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingDatasetError, match="no JPEGImages and no GroundTruth"):
        open_dataset("segtrack2", tmp_path)
    with pytest.raises(UnknownVideoError, match="did you mean frog"):
        open_dataset("segtrack2", segtrack, videos=["frogg"])
    (segtrack / "GroundTruth" / "drift" / "2").rename(segtrack / "GroundTruth" / "drift" / "bike")
    with pytest.raises(DatasetError, match="bike is not the folder of an object"):
        open_annotations("segtrack2", segtrack)


@pytest.mark.parametrize("text", ["", "frog\n../frog_00007\n"])
def test_malformed_image_sets(segtrack: Path, text: str) -> None:
    (segtrack / "ImageSets" / "frog.txt").write_text(text)
    with pytest.raises(DatasetError, match=r"frog\.txt"):
        open_dataset("segtrack2", segtrack)


@pytest.mark.shared
def test_the_real_sample(shared_data: Path) -> None:
    (video,) = open_dataset("segtrack2", shared_data / "segtrack2-sample")
    assert (video.name, video.frame_count, video.objects) == ("bmx", 36, (2,))
    assert video.frame_names[0] == "bmx_06668"
    path = shared_data / "segtrack2-sample/GroundTruth/bmx/2/bmx_06671.png"
    grey = np.asarray(Image.open(path).convert("L"))
    np.testing.assert_array_equal(label_map(video, 3) == 2, grey >= 128)
    assert np.unique(grey).size > 2
