"""Which files of a user the results of a prediction must spare."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage.kinds.predictions import StoredPrediction, write_prediction
from storage.store.artifacts import ArtifactStore
from tasks.export.export_formats import Export, export
from tasks.export.overlay_export import source_files

OF_DATASET = {"video_key": "v", "origin": {"dataset": "folder", "root": "/data", "masks": None}}
OWN = {"video_key": "v", "origin": {"dataset": "video", "root": "/a.mp4", "masks": "/a.png"}}


def predicted(store: ArtifactStore, source: dict[str, Any]) -> StoredPrediction:
    known = {"provenance": {"source": {"video": "bear", **source}}}
    with write_prediction(
        store, "k", video="bear", size=(4, 4), objects=[1], frame_names=["0"], metadata=known
    ) as writer:
        writer.add(0, np.ones((4, 4), np.uint8), [0], np.zeros((1, 4)), [1.0])
    return StoredPrediction(store, "k")


@pytest.mark.parametrize(
    ("source", "files"),
    [
        ({"video_key": "v", "origin": None}, []),
        (OF_DATASET, []),
        (OWN, ["/a.mp4", "/a.png"]),
        ({"video": "/b.mp4", "masks": "/b.json"}, ["/b.mp4", "/b.json"]),
        ({"video": "b.mp4", "masks": "/b.json"}, ["/b.json"]),
    ],
)
def test_names_and_data_sets_are_no_files(
    tmp_path: Path, source: dict[str, Any], files: list[str]
) -> None:
    prediction = predicted(ArtifactStore(str(tmp_path)), source)
    assert source_files(prediction) == [Path(file) for file in files]


def test_a_run_is_exported_into_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ArtifactStore(str(tmp_path / "store"))
    predicted(store, OF_DATASET)
    monkeypatch.chdir(tmp_path)
    (folder,) = export(store, [Export("bear", "k")], Path(), ["png"])
    assert folder == tmp_path / "bear"
