"""Flow in the report: figures per frame, the comparison of estimators, pictures."""

from pathlib import Path

import cv2
import pytest

from maskrnn_core.options import ComputeOptions
from maskrnn_core.synthetic import SyntheticOptions
from storage.kinds.stored_video import open_video
from storage.kinds.videos import write_video
from storage.store.artifacts import ArtifactStore
from tasks.inputs.flow_method import flow_method
from tasks.inputs.sources import DatasetSpec, open_sources
from tasks.keys import PreparedVideo
from tasks.reporting.flow_section import flow_section
from tasks.reporting.pictures import write_flow_pictures
from tasks.scores.flow_agreement import FLOW_FIGURES, gather_flow
from tasks.units.flow import estimate_flow

SPEC = DatasetSpec(
    "synthetic", split="val", synthetic=SyntheticOptions(size=(48, 64), videos_val=2, frames_val=4)
)


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(str(tmp_path / "store"))


def prepared(
    store: ArtifactStore, spec: DatasetSpec, short_side: int | None
) -> list[PreparedVideo]:
    videos = []
    for source in open_sources(spec):
        key = write_video(store, source, short_side)
        flow_key = f"flow-{source.name}"
        estimate_flow(store.url, flow_key, key, flow_method("dis"), ComputeOptions(threads=1))
        video = open_video(store, key)
        videos.append(
            PreparedVideo(
                video.name, key, video.content_digest, flow_key, video.objects, video.frame_count
            )
        )
    return videos


def test_generated_videos_know_their_flow(store: ArtifactStore, tmp_path: Path) -> None:
    videos = prepared(store, SPEC, None)
    figures = gather_flow(store, videos[::-1], SPEC)
    table = figures.per_frame
    assert list(table["video"].unique()) == ["val-000", "val-001"]
    assert table["endpoint_error"].between(0, 5).all()
    assert table["inconsistent"].isna().tolist() == [False, False, False, True] * 2
    assert table["inconsistent"].dropna().between(0, 1).all()
    section = flow_section(store, figures, videos, SPEC, "dis")
    for word in ("val-001", "end-point error px", "farneback", "no motion"):
        assert word in section
    made = store.keys(FLOW_FIGURES)
    assert len(made) == 3
    assert gather_flow(store, videos, SPEC).per_frame.equals(table)
    assert flow_section(store, figures, videos, SPEC, "dis") == section
    assert store.keys(FLOW_FIGURES) == made
    write_flow_pictures(store, videos[0], tmp_path / "flow.jpg")
    sheet = cv2.imread(str(tmp_path / "flow.jpg"))
    assert sheet is not None
    assert sheet.std() > 1


def test_reduced_videos_do_not(store: ArtifactStore) -> None:
    videos = prepared(store, SPEC, 32)
    figures = gather_flow(store, videos, SPEC)
    assert figures.per_frame["endpoint_error"].isna().all()
    assert list(figures.per_video.columns) == ["video", "inconsistent"]
    assert "farneback" not in flow_section(store, figures, videos, SPEC, "dis")


def test_one_frame(store: ArtifactStore, tmp_path: Path) -> None:
    spec = DatasetSpec(
        "synthetic",
        split="val",
        synthetic=SyntheticOptions(size=(48, 64), videos_val=1, frames_val=1),
    )
    videos = prepared(store, spec, None)
    figures = gather_flow(store, videos, spec)
    assert len(figures.per_frame) == 1
    assert "## Flow" in flow_section(store, figures, videos, spec, "dis")
    write_flow_pictures(store, videos[0], tmp_path / "flow.jpg")
    assert (tmp_path / "flow.jpg").stat().st_size > 0


def test_no_video(store: ArtifactStore) -> None:
    figures = gather_flow(store, [], SPEC)
    assert flow_section(store, figures, [], SPEC, "dis") == ""
