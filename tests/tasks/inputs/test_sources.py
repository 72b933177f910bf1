"""Data sets by name."""

import pickle
from pathlib import Path

import pytest

from maskrnn_core.synthetic import SyntheticOptions
from storage.errors import MissingDatasetError, UnknownSplitError, UnknownVideoError
from tasks.errors import ParameterError
from tasks.inputs.sources import (
    DatasetSpec,
    dataset_names,
    has_split,
    open_source,
    open_sources,
    told_by_layout,
)

TINY = SyntheticOptions(size=(32, 48), videos_val=3, frames_val=2)


def test_synthetic_videos_by_split_and_name() -> None:
    spec = DatasetSpec("synthetic", synthetic=TINY)
    every = open_sources(spec)
    assert [video.name for video in every] == ["val-000", "val-001", "val-002"]
    assert open_source(spec, "val-001").fingerprint() == every[1].fingerprint()
    assert has_split(spec, "train")
    assert pickle.loads(pickle.dumps(spec)) == spec


def test_mistakes_name_what_there_is() -> None:
    with pytest.raises(ParameterError, match="davis2016, davis2017"):
        open_sources(DatasetSpec("davis"))
    with pytest.raises(ParameterError, match="--root"):
        open_sources(DatasetSpec("davis2016"))
    with pytest.raises(UnknownSplitError, match="train or val"):
        open_sources(DatasetSpec("synthetic", split="test"))
    with pytest.raises(UnknownVideoError, match="val-002"):
        open_sources(DatasetSpec("synthetic", synthetic=TINY), ["val-009"])
    assert dataset_names()[0] == "synthetic"


def test_the_folder_of_a_generated_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=f"not be read from {tmp_path}: name the data set"):
        open_sources(DatasetSpec("synthetic", str(tmp_path)))


def test_a_folder_without_the_name_of_its_data_set(tmp_path: Path) -> None:
    with pytest.raises(MissingDatasetError, match="no-such, is not there"):
        told_by_layout(str(tmp_path / "no-such"))
    with pytest.raises(ParameterError, match=r"of no known data set: .*--dataset \(davis2016, "):
        told_by_layout(str(tmp_path))
    (tmp_path / "frames" / "walk").mkdir(parents=True)
    assert told_by_layout(str(tmp_path)) == "folder"
    (tmp_path / "walk.mp4").touch()
    with pytest.raises(ParameterError, match="as folder or video: choose one with --dataset"):
        told_by_layout(str(tmp_path))
