"""A new data set and a new estimator of optical flow are a module each, and one entry in a table.

Here the modules are classes of this file, and all units work with them.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from flows.plan.parameters import BenchmarkParameters
from maskrnn_core.optical_flow import registry
from maskrnn_core.optical_flow.registry import EstimatorEntry
from maskrnn_core.options import ComputeOptions
from maskrnn_core.synthetic import SyntheticOptions, synthetic_videos
from maskrnn_core.video import FloatArray, UInt8Array
from storage.datasets.readers import catalog
from storage.datasets.readers.annotations import DAVIS_PROTOCOL, DatasetNotes
from storage.datasets.readers.image_sets import ImageSet
from storage.kinds.stored_video import open_video
from storage.kinds.tables import read_table
from storage.kinds.videos import VIDEOS, video_key
from storage.store.artifacts import ArtifactStore
from tasks import keys, units
from tasks.evaluation.evaluation import EvaluationRequest, evaluate_predictions
from tasks.inputs.configuration import configure
from tasks.inputs.flow_method import flow_method
from tasks.inputs.sources import (
    DatasetSpec,
    dataset_names,
    has_split,
    open_dataset,
    open_sources,
)
from tasks.plan.dry_plan import prepared_video
from tasks.plan.machine_report import machine_report
from tasks.scores.scoring import protocol_of

COMPUTE = ComputeOptions(device="cpu", threads=1)


@dataclass(frozen=True)
class ArrayVideo:
    """Frames and label maps of one .npz file."""

    place: Path
    dataset: str = "arrays"
    objects: tuple[int, ...] = (1,)
    other_frames: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return self.place.stem

    @property
    def frame_count(self) -> int:
        return len(np.load(self.place)["labels"])

    @property
    def frame_names(self) -> tuple[str, ...]:
        return tuple(f"{index:05d}" for index in range(self.frame_count))

    def fingerprint(self) -> str:
        return hashlib.sha256(self.place.read_bytes()).hexdigest()

    def frame(self, index: int) -> UInt8Array:
        return self._array("frames", index)

    def label_map(self, index: int) -> UInt8Array:
        return self._array("labels", index)

    def _array(self, name: str, index: int) -> UInt8Array:
        found: UInt8Array = np.load(self.place)[name][index]
        return found


@dataclass(frozen=True)
class ArrayReader:
    """Satisfies `storage.datasets.readers.catalog.DatasetReader`."""

    name: str = "arrays"
    default_split: str = "val"
    protocol: str = DAVIS_PROTOCOL
    binary_masks: bool = False

    def splits(self, root: Path, *, frames: bool = True) -> dict[str, Path]:
        return {"val": root}

    def image_set(self, root: Path, split: str) -> ImageSet:
        return ImageSet(root, {path.stem: [] for path in sorted(root.glob("*.npz"))})

    def frames_of(self, root: Path, video: str, listed: list[str]) -> Path:
        return root / f"{video}.npz"

    def video(self, root: Path, video: str, listed: list[str]) -> ArrayVideo:
        return ArrayVideo(self.frames_of(root, video, listed))

    def annotations(self, root: Path, video: str, listed: list[str]) -> ArrayVideo:
        return self.video(root, video, listed)

    def notes(self, root: Path) -> DatasetNotes:
        return DatasetNotes()


class Still:
    """The same motion everywhere: that of its weights."""

    name = "still"

    def __init__(self, weights: bytes) -> None:
        self.digest = hashlib.sha256(weights).hexdigest()
        self._motion = np.frombuffer(weights, np.float32)

    def estimate(self, frame1: UInt8Array, frame2: UInt8Array) -> FloatArray:
        return np.broadcast_to(self._motion, (*frame1.shape[:2], 2)).astype(np.float32)

    def estimate_both(
        self, frame1: UInt8Array, frame2: UInt8Array
    ) -> tuple[FloatArray, FloatArray]:
        return self.estimate(frame1, frame2), self.estimate(frame2, frame1)


STILL = EstimatorEntry(
    "still",
    lambda weights, compute: Still(weights if isinstance(weights, bytes) else b""),
    weight_files=("still_v1",),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data set of the new layout, with one video."""
    options = SyntheticOptions(size=(48, 64), videos_val=1, frames_val=4, object_counts=(1,))
    (video,) = synthetic_videos("val", options)
    labels = np.stack([video.label_map(index) for index in range(4)])
    frames = np.stack([video.frame(index) for index in range(4)])
    (tmp_path / "arrays").mkdir()
    np.savez(tmp_path / "arrays" / "bee.npz", frames=frames, labels=labels)
    return tmp_path / "arrays"


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One entry in each table, and the weights where they are looked for."""
    readers: Any = catalog.READERS
    estimators: Any = registry.FLOW_ESTIMATORS
    monkeypatch.setitem(readers, "arrays", ArrayReader())
    monkeypatch.setitem(estimators, "still", STILL)
    monkeypatch.setenv("MASKRNN_WEIGHTS", str(tmp_path))
    (tmp_path / "still_v1.pth").write_bytes(np.zeros(2, np.float32).tobytes())


def test_a_run_names_them(root: Path, tmp_path: Path) -> None:
    asked = BenchmarkParameters(store="s", dataset="arrays", root=str(root), flow="still")
    assert (asked.dataset, asked.flow) == ("arrays", "still")
    assert "arrays" in dataset_names()
    assert machine_report().estimators["still"] == str(tmp_path / "still_v1.pth")
    spec = DatasetSpec("arrays", str(root))
    assert has_split(spec, "val")
    assert not has_split(spec, "train")


def test_all_units_work_with_them(root: Path, tmp_path: Path) -> None:
    spec = DatasetSpec("arrays", str(root))
    store, method = ArtifactStore(str(tmp_path / "store")), flow_method("still")
    assert method.resource == "CPU"
    (source,) = open_sources(spec)
    key = video_key(source, None)
    units.ingest(store.url, key, spec, source.name, None)
    assert store.exists(VIDEOS, key)
    video = prepared_video(store, key, method, COMPUTE)
    units.estimate_flow(store.url, video.flow_key, key, method, COMPUTE)
    flow = open_video(store, key, video.flow_key).forward_flow(0)
    assert flow is not None
    assert not flow.any()
    preset = configure("propagate", {}).preset
    prediction = keys.prediction_key(video, {}, preset, COMPUTE)
    units.segment(store.url, prediction, video, {}, preset, COMPUTE)
    protocol = protocol_of("arrays")
    evaluation = keys.evaluation_key(video, prediction, protocol)
    units.evaluate(store.url, evaluation, key, prediction, protocol)
    table = read_table(store, units.EVALUATIONS, evaluation, "per_object")
    assert table["video"].tolist() == ["bee"]
    assert 0 < table["J_mean"].item() < 1, "the mask stays where it was, the object moves"


def test_predictions_of_others_are_evaluated_against_it(root: Path, tmp_path: Path) -> None:
    spec = DatasetSpec("arrays", str(root))
    (annotated,) = open_dataset(spec).annotated(None)
    for index, name in enumerate(annotated.frame_names):
        path = tmp_path / "made" / annotated.name / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(annotated.label_map(index)).save(path)
    found = evaluate_predictions(EvaluationRequest(tmp_path / "made", spec, workers=1))
    assert found.rules.name == DAVIS_PROTOCOL
    assert found.per_object["J_mean"].tolist() == [1.0]
