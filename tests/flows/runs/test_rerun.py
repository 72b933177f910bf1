"""Three videos of a run fail; one command then computes only these three."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.commands import rerun as rerun_command
from flows.commands.execution import execute
from flows.runs.rerun import RerunParameters, prepare_rerun
from maskrnn_core.inference.segmentation import VideoSegmenter
from maskrnn_core.synthetic import SyntheticOptions, synthetic_videos
from storage.errors import MissingArtifactError
from storage.runs.drivers import drive
from storage.runs.ledger import RunLedger, StageRecord, VideoRecord
from storage.store.artifacts import ArtifactStore
from tasks import units
from tasks.errors import ParameterError
from tests.flows.conftest import write_video
from tests.tasks.inline import InlineBridge

pytestmark = [pytest.mark.timeout(600), pytest.mark.usefixtures("prefect_server")]

NAMES = [f"val-{index:03d}" for index in range(10)]
TORN, BROKEN, LARGE = "val-002", "val-005", "val-007"


@pytest.fixture
def ten_videos(tmp_path: Path) -> Path:
    """Root of a DAVIS-2017 data set of ten videos, and none to train on."""
    root = tmp_path / "davis"
    options = SyntheticOptions(size=(48, 64), videos_val=10, frames_val=3)
    for video in synthetic_videos("val", options):
        write_video(root, video)
    (root / "ImageSets" / "2017").mkdir(parents=True)
    (root / "ImageSets" / "2017" / "val.txt").write_text("".join(f"{name}\n" for name in NAMES))
    return root


@pytest.fixture
def segmented(monkeypatch: pytest.MonkeyPatch) -> "Counter[str]":
    """Calls of the core by video, from units that run in this process."""
    calls: Counter[str] = Counter()
    frames = VideoSegmenter.frames

    def counted(self: VideoSegmenter, *args: Any) -> Any:
        calls[self._video.name] += 1
        return frames(self, *args)

    monkeypatch.setattr(VideoSegmenter, "frames", counted)
    monkeypatch.setattr("flows.runs.whole_run.Bridge", lambda *_, **__: InlineBridge())
    return calls


def break_two(segment: Callable[..., Any]) -> Callable[..., Any]:
    def broken(store_url: str, key: str, video: Any, *args: Any) -> Any:
        if video.name == BROKEN:
            raise RuntimeError("injected")
        if video.name == LARGE:
            raise MemoryError("cannot allocate 3 TiB")
        return segment(store_url, key, video, *args)

    return broken


def rerun(store: Path, dry_run: bool = False, **fields: Any) -> int:
    return rerun_command.rerun({"run": "night", "store": str(store), **fields}, dry_run=dry_run)


def test_three_of_ten_fail_and_are_mended_alone(
    tmp_path: Path,
    ten_videos: Path,
    segmented: "Counter[str]",
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = tmp_path / "store"
    frame = ten_videos / "JPEGImages" / "480p" / TORN / "00001.jpg"
    whole = frame.read_bytes()
    frame.write_bytes(whole[: len(whole) // 2])
    asked = {
        "store": str(store),
        "dataset": "davis2017",
        "root": str(ten_videos),
        "preset": "propagate",
        "compare": (),
        "run_id": "night",
        "overrides": {"compute.device": "cpu"},
    }
    with monkeypatch.context() as patched:
        patched.setattr(units, "segment", break_two(units.segment))
        assert execute(asked) == 1
    capsys.readouterr()
    figures = json.loads((store / "runs" / "night" / "report" / "summary.json").read_text())
    causes = {item["video"]: item["error"] for item in figures["failures"]}
    assert set(causes) == {TORN, BROKEN, LARGE}
    assert "00001.jpg" in causes[TORN]
    assert causes[BROKEN] == "RuntimeError: injected"
    assert "cannot allocate 3 TiB" in causes[LARGE]
    assert "lower resolution" in causes[LARGE]
    assert set(segmented) == set(NAMES) - set(causes)

    frame.write_bytes(whole)
    segmented.clear()
    assert rerun(store, dry_run=True, failed=True) == 0
    told = capsys.readouterr().out
    assert f"To work on: {TORN}, {BROKEN}, {LARGE}" in told
    assert "Left alone: 7 videos" in told
    assert not segmented
    assert rerun(store, failed=True) == 0
    assert segmented == dict.fromkeys((TORN, BROKEN, LARGE), 1)
    summary = (store / "runs" / "night" / "report" / "summary.md").read_text()
    assert "10 of 10 videos done." in summary
    figures = json.loads((store / "runs" / "night" / "report" / "summary.json").read_text())
    assert figures["failures"] == []
    assert sorted(row["video"] for row in figures["sequences"]) == NAMES

    segmented.clear()
    capsys.readouterr()
    assert rerun(store) == 0
    assert not segmented
    assert "0 units computed, 40 reused" in capsys.readouterr().out

    assert rerun(store, stage="segment", videos=("val-001", "val-004")) == 0
    assert segmented == {"val-001": 1, "val-004": 1}
    assert "segment: 0 reused, 2 to compute" in capsys.readouterr().out

    segmented.clear()
    assert rerun(store, overrides={"inference.threshold": "0.4"}, videos=("val-003",)) == 0
    told = capsys.readouterr().out
    assert "no longer uses: 10 segment, 10 evaluate (they stay in the store)" in told
    assert segmented == {"val-003": 1}
    parameters = RunLedger(ArtifactStore(str(store)), "night").info().parameters
    assert parameters["overrides"]["inference.threshold"] == "0.4"


def test_what_another_run_uses_is_told_and_not_touched_while_it_runs(
    tmp_path: Path, segmented: "Counter[str]"
) -> None:
    store = ArtifactStore(str(tmp_path / "store"))
    options = {
        "synthetic.videos_val": "1",
        "synthetic.frames_val": "3",
        "synthetic.size": "[48,64]",
    }
    asked = {"store": store.url, "preset": "first-frame", "compare": (), "overrides": options}
    assert execute({**asked, "until": "segment", "run_id": "night"}) == 0
    [prediction] = store.keys("predictions")
    other = RunLedger(store, "other")
    other.begin({}, "0.1.0")
    stage = StageRecord("done", artifacts=(("predictions", prediction),))
    other.write(VideoRecord("val-000", None, "done", 1, {"segment": stage}))
    again = RerunParameters(run="night", stage="segment", store=store.url)
    [user] = prepare_rerun(again).users
    assert (user.run_id, user.count, user.is_driven) == ("other", 1, False)
    with drive(store, other), pytest.raises(ParameterError, match="run other is in progress"):
        prepare_rerun(again)
    with (
        drive(store, RunLedger(store, "night")),
        pytest.raises(ParameterError, match="is in progress in process"),
    ):
        prepare_rerun(again)
    assert store.exists("predictions", prediction)
    with pytest.raises(ParameterError, match="no video 'val-00': did you mean val-000"):
        prepare_rerun(RerunParameters(run="night", videos=("val-00",), store=store.url))
    with pytest.raises(ParameterError, match="remove --videos and --failed"):
        prepare_rerun(
            RerunParameters(run="night", stage="train", videos=("val-000",), store=store.url)
        )
    with pytest.raises(MissingArtifactError, match="Did you mean night"):
        prepare_rerun(RerunParameters(run="nigth", store=store.url))
