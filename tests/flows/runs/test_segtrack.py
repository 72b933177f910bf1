"""SegTrack v2 with the parent of DAVIS-2017: trained once there, named here by its key."""

import re
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from flows.commands.execution import execute
from maskrnn_core.synthetic import SyntheticVideo, synthetic_videos
from tasks.errors import ParameterError
from tests.flows.conftest import OPTIONS
from tests.flows.tiny import OVERRIDES

SAMPLE = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "segtrack2-sample"
METHOD = {key: value for key, value in OVERRIDES.items() if not key.startswith("synthetic")}

pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("prefect_server")]


def write_segtrack(root: Path, videos: Iterable[SyntheticVideo]) -> None:
    """Frames and a mask per object, numbered from 17 on, where SegTrack v2 keeps them."""
    for video in videos:
        frames = root / "JPEGImages" / video.name
        frames.mkdir(parents=True)
        names = [f"{video.name}_{17 + index:05d}" for index in range(video.frame_count)]
        for index, name in enumerate(names):
            cv2.imwrite(
                str(frames / f"{name}.png"), cv2.cvtColor(video.frame(index), cv2.COLOR_RGB2BGR)
            )
            for object_id in video.objects:
                masks = root / "GroundTruth" / video.name / str(object_id)
                masks.mkdir(parents=True, exist_ok=True)
                mask = 255 * (video.label_map(index) == object_id).astype(np.uint8)
                cv2.imwrite(str(masks / f"{name}.png"), mask)
        (root / "ImageSets").mkdir(exist_ok=True)
        listed = "".join(f"{name}\n" for name in [video.name, *names])
        (root / "ImageSets" / f"{video.name}.txt").write_text(listed)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def parent(store: Path, davis: Path, scheduler: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Key of a parent that was trained on DAVIS-2017, as its command printed it."""
    asked = {
        "store": str(store),
        "dataset": "davis2017",
        "root": str(davis),
        "overrides": METHOD,
        "compare": (),
        "until": "train",
        "dask_address": scheduler,
    }
    assert execute(asked) == 0
    found = re.search(r"Parent of small: ([0-9a-f]{64})", capsys.readouterr().out)
    assert found is not None
    return found[1]


def test_all_sequences_are_segmented_by_the_parent_and_every_frame_counts(
    tmp_path: Path, store: Path, parent: str, scheduler: str
) -> None:
    videos = synthetic_videos("val", OPTIONS)[:2]
    write_segtrack(tmp_path / "segtrack", videos)
    asked = {
        "store": str(store),
        "dataset": "segtrack2",
        "root": str(tmp_path / "segtrack"),
        "overrides": METHOD,
        "compare": ("propagate",),
        "parent": parent,
        "run_id": "run",
        "dask_address": scheduler,
    }
    assert execute(asked) == 0
    report = store / "runs" / "run" / "report"
    summary = (report / "summary.md").read_text()
    assert f"The parent was loaded, not trained: {parent}" in summary
    assert "by the protocol segtrack2" in summary
    per_frame = pd.read_csv(report / "per_frame.csv")
    assert per_frame["counted"].all()
    small = per_frame[per_frame["preset"] == "small"]
    assert len(small) == sum(video.frame_count * len(video.objects) for video in videos)
    first = small.groupby(["video", "object"]).first()
    assert (first["J"] == 1).all()  # the given masks, which this protocol counts

    with pytest.raises(ParameterError, match="does not fit the preset osvos"):
        execute({**asked, "preset": "osvos"})


@pytest.mark.shared
def test_the_real_sample(store: Path, parent: str, scheduler: str) -> None:
    if not SAMPLE.is_dir():
        pytest.skip(f"the SegTrack v2 sample is not at {SAMPLE}")
    asked = {
        "store": str(store),
        "dataset": "segtrack2",
        "root": str(SAMPLE),
        "resolution": 48,
        "overrides": METHOD,
        "compare": (),
        "parent": parent,
        "run_id": "run",
        "dask_address": scheduler,
    }
    assert execute(asked) == 0
    per_object = pd.read_csv(store / "runs" / "run" / "report" / "per_object.csv")
    assert per_object[["video", "object"]].to_numpy().tolist() == [["bmx", 2]]
    assert 0 < per_object["J_mean"].item() <= 1
