"""Stored predictions, and their export as palette PNG files."""

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray
from PIL import Image

from storage.datasets.masks.label_maps import read_label_map
from storage.errors import (
    CorruptArtifactError,
    IncompleteArtifactError,
    InvalidAddressError,
    StoreFullError,
)
from storage.export.png_folders import export_png
from storage.files.output_folder import OutputFolder
from storage.files.output_record import RECORD
from storage.kinds import prediction_writer
from storage.kinds.predictions import PREDICTIONS, StoredPrediction, write_prediction
from storage.store.artifacts import ArtifactStore

SIZE = (7, 10)


def _label_map(index: int) -> Any:
    return np.random.default_rng(index).choice(np.array([0, 1, 3], np.uint8), SIZE)


def _write(store: ArtifactStore, key: str = "k", frames: int = 3, **changes: Any) -> None:
    settings: dict[str, Any] = {
        "video": "bee",
        "size": SIZE,
        "objects": (1, 3),
        "frame_names": ("00005", "00006", "00007"),
        "metadata": {"preset": "small"},
    }
    with write_prediction(store, key, **{**settings, **changes}) as prediction:
        for index in range(frames):
            boxes = np.full((2, 4), index, np.float32)
            prediction.add(index, _label_map(index), (0, 2), boxes, (0.5, 0.25 * index))


def test_round_trip(any_store: ArtifactStore) -> None:
    _write(any_store)
    prediction = StoredPrediction(any_store, "k")
    assert (prediction.video, prediction.objects) == ("bee", (1, 3))
    assert prediction.frame_names == ("00005", "00006", "00007")
    assert (prediction.frame_count, prediction.size) == (3, SIZE)
    assert prediction.metadata["preset"] == "small"
    assert prediction.states.tolist() == [[0, 2]] * 3
    assert prediction.boxes.shape == (3, 2, 4)
    assert prediction.boxes.dtype == prediction.confidence.dtype == np.float32
    assert prediction.confidence[:, 1].tolist() == [0.0, 0.25, 0.5]
    for index in range(3):
        np.testing.assert_array_equal(prediction.label_map(index), _label_map(index))


def test_xarray_opens_it(store: ArtifactStore) -> None:
    settings: dict[str, Any] = {
        "video": "bee",
        "size": SIZE,
        "objects": (1, 3),
        "frame_names": [f"{index:05d}" for index in range(120)],
        "frame_times": [index / 25 for index in range(120)],
        "metadata": {},
    }
    masks = np.random.default_rng(0).integers(0, 256, (120, 2, *SIZE), dtype=np.uint8)
    with write_prediction(store, "k", **settings, soft_masks=True) as writer:
        for index in range(120):
            boxes = np.full((2, 4), index)
            writer.add(
                index, _label_map(index), (0, 2), boxes, (0.5, 0.25), index // 70, masks[index]
            )
    place = Path(store.location(PREDICTIONS, "k"), "arrays.zarr")
    with xarray.open_zarr(place, consolidated=False) as opened:
        assert opened.attrs["video"] == "bee"
        assert opened["labels"].dims == ("frame", "y", "x")
        assert opened["box"].dims == ("frame", "object", "corner")
        assert opened["object"].values.tolist() == [1, 3]
        assert "time" in opened.coords
        late = opened.sel(frame=slice(100, 119))
        assert late["time"].values[0] == pytest.approx(4.0)
        assert late["shot"].values.tolist() == [1] * 20
        np.testing.assert_array_equal(opened["labels"].sel(frame=77), _label_map(77))
        np.testing.assert_array_equal(opened["probability"].sel(object=3), masks[:, 1])
        assert opened["labels"].dtype == opened["probability"].dtype == np.uint8
    files = [path.name for path in (place / "labels" / "c").iterdir()]
    assert sorted(files) == ["0", "1", "2"]


def test_soft_masks_are_given_where_they_are_kept(store: ArtifactStore) -> None:
    with pytest.raises(IncompleteArtifactError, match="soft masks are missing"):
        _write(store, soft_masks=True)


def test_too_few_frames(store: ArtifactStore) -> None:
    with pytest.raises(IncompleteArtifactError, match="got 2 of 3 frames"):
        _write(store, frames=2)
    assert not store.exists(PREDICTIONS, "k")
    assert store.sweep_staging(0) == []


def _cut_off(store: ArtifactStore, after: int, every: int, known: list[int] | None = None) -> Any:
    """Start or resume, save the state every few frames, and fail after `after` frames."""
    settings: dict[str, Any] = {
        "video": "bee",
        "size": SIZE,
        "objects": (1, 3),
        "frame_names": [f"{index:05d}" for index in range(10)],
        "metadata": {},
    }
    with write_prediction(store, "k", **settings) as prediction:
        state = prediction.tracker_state
        for index in range(prediction.next_frame, 10):
            if index == after:
                raise RuntimeError("cut off")
            if known is not None:
                known.append(index)
            prediction.add(index, _label_map(index), (0, 2), np.full((2, 4), index), (0.5, index))
            if prediction.next_frame % every == 0:
                prediction.checkpoint({"seen": np.array([index]), "none": np.zeros((0, 2))})
    return state


def test_a_writer_goes_on_from_the_last_checkpoint(any_store: ArtifactStore) -> None:
    for after in (1, 5, 6, 8):
        with pytest.raises(RuntimeError, match="cut off"):
            _cut_off(any_store, after, 2)
        assert not any_store.exists(PREDICTIONS, "k")
    seen: list[int] = []
    state = _cut_off(any_store, 10, 4, seen)
    assert seen == [8, 9]
    assert state["seen"].tolist() == [7]
    assert state["none"].shape == (0, 2)
    prediction = StoredPrediction(any_store, "k")
    assert prediction.boxes[:, 0, 0].tolist() == list(range(10))
    for index in range(10):
        np.testing.assert_array_equal(prediction.label_map(index), _label_map(index))
    artifact = any_store.open(PREDICTIONS, "k")
    assert artifact.names == []
    assert artifact.damage() == []
    left = [
        name for name in any_store.folder.files(PREDICTIONS) if "check" in name or "prog" in name
    ]
    assert left == []
    assert any_store.sweep_staging(0) == []


def test_without_a_checkpoint_nothing_is_left(store: ArtifactStore) -> None:
    with pytest.raises(RuntimeError, match="cut off"):
        _cut_off(store, 3, 4)
    assert store.sweep_staging(0) == []


def test_a_damaged_checkpoint_is_not_used(store: ArtifactStore) -> None:
    with pytest.raises(RuntimeError, match="cut off"):
        _cut_off(store, 5, 2)
    [[draft]] = store.unfinished(PREDICTIONS).values()
    (Path(store.url) / draft / "checkpoint-4.safetensors").write_bytes(b"torn")
    seen: list[int] = []
    assert _cut_off(store, 10, 2, seen) is None
    assert seen == list(range(10))


@pytest.mark.parametrize("chunk", ["labels/c/0/0/0", "labels/c/2/0/0", "box/c/0/0/0", "shot/c/0"])
def test_frames_that_a_power_loss_took_are_computed_again(
    store: ArtifactStore, chunk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction_writer, "_IMAGES", 2)
    monkeypatch.setattr(prediction_writer, "_NUMBERS", 4)
    with pytest.raises(RuntimeError, match="cut off"):
        _cut_off(store, 7, 2)
    [[draft]] = store.unfinished(PREDICTIONS).values()
    (Path(store.url) / draft / "arrays.zarr" / chunk).write_bytes(b"")
    seen: list[int] = []
    assert _cut_off(store, 10, 2, seen) is None
    assert seen == list(range(10))
    assert store.open(PREDICTIONS, "k").damage() == []
    prediction = StoredPrediction(store, "k")
    for index in range(10):
        np.testing.assert_array_equal(prediction.label_map(index), _label_map(index))


def test_too_many_frames(store: ArtifactStore) -> None:
    with pytest.raises(IncompleteArtifactError, match="got frame 3, expected 3 of 3"):
        _write(store, frames=4)


@pytest.mark.parametrize("changes", [{"size": (7, 9)}, {"objects": (1,)}])
def test_other_shapes(store: ArtifactStore, changes: dict[str, Any]) -> None:
    with pytest.raises(IncompleteArtifactError, match="Prediction: frame 0"):
        _write(store, **changes)
    assert not store.exists(PREDICTIONS, "k")


def test_damage(store: ArtifactStore) -> None:
    _write(store)
    arrays = Path(store.location(PREDICTIONS, "k")) / "arrays.zarr"
    (arrays / "labels" / "c" / "0" / "0" / "0").unlink()
    with pytest.raises(CorruptArtifactError, match="chunk 1 of labels is missing"):
        StoredPrediction(store, "k").label_map(1)
    (arrays / "state" / "c" / "0" / "0").unlink()
    with pytest.raises(CorruptArtifactError, match="array state"):
        StoredPrediction(store, "k")


def test_export(store: ArtifactStore, tmp_path: Path) -> None:
    _write(store)
    folder = export_png(StoredPrediction(store, "k"), OutputFolder(tmp_path / "masks"))
    assert folder == tmp_path / "masks" / "bee"
    assert sorted(path.name for path in folder.iterdir()) == ["00005.png", "00006.png", "00007.png"]
    with Image.open(folder / "00006.png") as image:
        assert image.mode == "P"
        palette = image.getpalette()
    assert palette is not None
    assert palette[:12] == [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0]
    np.testing.assert_array_equal(read_label_map(folder / "00006.png"), _label_map(1))


def test_export_replaces_an_earlier_one(store: ArtifactStore, tmp_path: Path) -> None:
    _write(store)
    prediction = StoredPrediction(store, "k")
    folder = export_png(prediction, OutputFolder(tmp_path))
    before = (folder / "00005.png").read_bytes()
    export_png(prediction, OutputFolder(tmp_path))
    assert len(list(folder.iterdir())) == 3
    assert (folder / "00005.png").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == [RECORD]


def test_export_to_a_full_disk(
    store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(store)
    prediction = StoredPrediction(store, "k")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StoreFullError, match="while writing bee"):
        export_png(prediction, OutputFolder(tmp_path / "masks"))
    monkeypatch.undo()
    assert list((tmp_path / "masks").iterdir()) == []


def test_export_never_leaves_its_folder(store: ArtifactStore, tmp_path: Path) -> None:
    _write(store, video="../bee")
    with pytest.raises(InvalidAddressError, match="rename it"):
        export_png(StoredPrediction(store, "k"), OutputFolder(tmp_path / "masks"))
