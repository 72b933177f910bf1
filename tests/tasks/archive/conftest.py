"""Rows, and a stand-in for the segmentation that behaves as the name of its row says."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from maskrnn_core.presets import preset
from maskrnn_core.synthetic import SyntheticOptions, synthetic_videos
from storage.archive.check import check_manifest
from storage.archive.fetching import FetchLimits
from storage.archive.manifest import read_manifest
from storage.store.artifacts import ArtifactStore
from tasks.archive.rows import ArchiveMethod
from tasks.archive.unit import RowWork
from tasks.inputs.configuration import configure
from tasks.inputs.flow_method import flow_method

RUN = "archive"


def stand_in(store_url: str, key: str, clip: Any, *_: Any) -> Any:
    """Replaces `segment_stream`: fails, or ends its process, as the row's name says."""
    from storage.errors import DatasetError
    from tasks.units.stream import StreamFigures

    kind, _, rest = clip.name.partition("-")
    marks = Path(clip.video).parent / "marks"
    marks.mkdir(exist_ok=True)
    with (marks / clip.name).open("a") as file:
        file.write("x")
    times = len((marks / clip.name).read_text())
    if kind == "poison" or (kind == "once" and times == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if kind in ("slow", "short"):
        time.sleep(60 if kind == "slow" else 0.1)
    if kind == "bad":
        raise DatasetError("frame 3 is torn")
    if kind == "busy" and times <= int(rest):
        raise ConnectionError("the server is busy")
    with ArtifactStore(store_url).create("predictions", key):
        pass
    trust = {"confidence": 0.5, "lost_share": 0.2, "area": 0.1}
    remarks = ["object 1 has one pixel."] if kind == "odd" else []
    return StreamFigures(5, 0, 1, 1, {"segment": 0.5, "decode": 0.25}, 2.0, trust, remarks)


def stored_stand_in(store: ArtifactStore, key: str) -> Any:
    """Replaces `stored_figures`, because the stand-in's predictions are empty."""
    from tasks.units.stream import StreamFigures

    return StreamFigures(5, 5, 1, 1, {}, None, {"confidence": 0.75})


def marks(store: ArtifactStore) -> dict[str, int]:
    """Number of attempts of every row."""
    return {path.name: path.stat().st_size for path in (Path(store.url).parent / "marks").iterdir()}


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    (tmp_path / "store").mkdir()
    return ArtifactStore(str(tmp_path / "store"))


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., pd.DataFrame]:
    """Makes the checked manifest of rows of these names, each with files of its own."""

    def make(*names: str, **columns: list[Any]) -> pd.DataFrame:
        video = synthetic_videos("val", SyntheticOptions(size=(32, 48), frames_val=2))[0]
        for number, name in enumerate(names):
            folder = tmp_path / name
            if folder.exists():
                continue
            folder.mkdir()
            picture = np.array(video.frame(0))
            picture[0, 0] = number  # no two videos have the same bytes
            Image.fromarray(picture).save(folder / "00000.png")
            label_map = video.label_map(0)
            assert label_map is not None
            Image.fromarray(label_map).save(tmp_path / f"{name}-mask.png")
        rows = {"id": names, "video": names, "mask": [f"{name}-mask.png" for name in names]}
        pd.DataFrame({**rows, **columns}).to_csv(tmp_path / "list.csv", index=False)
        checked = check_manifest(read_manifest(str(tmp_path / "list.csv")))
        assert not checked.offences
        return checked.table

    return make


@pytest.fixture
def method() -> ArchiveMethod:
    configuration = configure("propagate", {})
    return ArchiveMethod(flow_method("dis"), preset("propagate"), configuration.compute, None, None)


@pytest.fixture
def work(store: ArtifactStore, method: ArchiveMethod) -> RowWork:
    return RowWork(store.url, RUN, "driver", method, FetchLimits(10**6, 5.0), 50, {})


@pytest.fixture
def segmentation(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in, in this process."""
    monkeypatch.setattr("tasks.units.stream.segment_stream", stand_in)
    monkeypatch.setattr("tasks.units.stream.stored_figures", stored_stand_in)
