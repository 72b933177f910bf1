"""The page of a run as a file: what is in it, when it is written anew, what it costs."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from storage.runs.ledger import RunLedger, VideoRecord
from storage.store.artifacts import ArtifactStore
from tasks.pages.current_page import current_page
from tasks.pages.findings import Loss, losses, worst_frames
from tasks.pages.published import published_figures
from tasks.pages.rendering import script_json
from tasks.pages.report_page import write_report_page
from tasks.pages.sheets import label_png, reduced_labels, sheet_form, sheets
from tasks.pages.shown import ShownMethod, Track
from tests.tasks.pages.made_run import MadeRun, make_run

pytestmark = pytest.mark.timeout(600)  # on a busy machine a browser starts slowly

ONE = MadeRun(("bear",), ("small",), frames=3)


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(str(tmp_path / "store"))


def content(page: Path) -> dict[str, object]:
    found = re.search(r'<script id="data"[^>]*>(.*?)</script>', page.read_text(), re.DOTALL)
    assert found is not None
    parsed: dict[str, object] = json.loads(found.group(1))
    return parsed


def test_a_page_is_written_anew_only_after_the_run_went_on(store: ArtifactStore) -> None:
    make_run(store, "run", ONE)
    page = current_page(store, "run")
    written = page.stat().st_mtime_ns
    part = next((page.parent / "media").glob("*.js"))
    kept = part.stat().st_mtime_ns
    assert current_page(store, "run") == page
    assert page.stat().st_mtime_ns == written
    os.utime(page, ns=(0, 0))
    RunLedger(store, "run").write(VideoRecord("camel", state="failed"))
    current_page(store, "run")
    assert page.stat().st_mtime_ns > written
    assert part.stat().st_mtime_ns == kept  # the results of the video are the same


def test_a_video_with_new_results_gets_new_media(store: ArtifactStore) -> None:
    make_run(store, "run", MadeRun(("bear",), ("small",), frames=3))
    page = write_report_page(store, "run")
    former = {file.name for file in (page.parent / "media").iterdir()}
    make_run(store, "run", MadeRun(("bear",), ("small", "propagate"), frames=3))
    write_report_page(store, "run")
    now = {file.name for file in (page.parent / "media").iterdir()}
    assert {name for name in former if name.endswith(".js")} <= now
    assert not {name for name in former if "frames" in name} & now


def test_a_run_without_figures_has_a_page(store: ArtifactStore) -> None:
    made = MadeRun(("bear",), ("small",), {"broken": "no mask"}, frames=3, evaluated=False)
    make_run(store, "run", made)
    found = content(write_report_page(store, "run"))
    assert found["rows"] == []
    assert found["tracked"] == [[0, 0, 1, 0, 0.75], [0, 0, 2, 0, 0.75]][: len(found["tracked"])]  # type: ignore[arg-type]
    assert found["tracked"]
    assert found["worst"] == []


def test_a_run_that_has_only_begun_has_a_page(store: ArtifactStore) -> None:
    RunLedger(store, "run").begin({"dataset": "synthetic"}, "0.1.0", ["bear"])
    page = write_report_page(store, "run")
    assert "0 of 1 videos done" in page.read_text()


def test_nothing_in_a_page_names_a_network_address(store: ArtifactStore) -> None:
    make_run(store, "run", ONE)
    page = write_report_page(store, "run", embed=True)
    allowed = "http://www.w3.org/2000/svg"
    assert set(re.findall(r"https?://[^\s\"'<]+", page.read_text())) == {allowed}
    assert not (page.parent / "media").exists()


def test_json_in_a_script_cannot_end_the_script() -> None:
    hostile = {"</script><!--": "&\u2028"}
    text = str(script_json(hostile))
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == hostile


def test_worst_frames_are_spread_over_objects() -> None:
    rows = [
        {
            "video": video,
            "frame": frame,
            "frame_name": f"{frame:05d}",
            "object": 1,
            "J": level + frame / 100,
            "counted": frame > 0,
        }
        for video, level in (("bear", 0.1), ("camel", 0.5))
        for frame in range(12)
    ]
    found = worst_frames(pd.DataFrame(rows), 24)
    assert [(f.video, f.frame) for f in found] == [
        ("bear", 1),
        ("bear", 6),
        ("camel", 1),
        ("camel", 6),
    ]
    assert worst_frames(pd.DataFrame(rows), 1)[0].value == pytest.approx(0.11)


def test_losses_say_whether_an_object_was_found_again() -> None:
    states = np.array([[0, 2], [1, 1], [1, 0], [0, 1]], np.uint8)
    track = Track(states, np.zeros((4, 2, 4)), np.zeros((4, 2)))
    method = ShownMethod("key", (3, 5), lambda _: states, track, pd.DataFrame())
    assert losses(method) == [
        Loss(3, 1, 2, found=True),
        Loss(5, 1, 1, found=True),
        Loss(5, 3, 3, found=False),
    ]


def test_sheets_hold_every_frame_at_its_place() -> None:
    form = sheet_form((40, 80), 40)
    assert (form.width, form.height) == (40, 20)
    maps = [np.full((40, 80), label, np.uint8) for label in range(form.count + 3)]
    made = list(sheets((reduced_labels(labels, form) for labels in maps), form))
    assert [sheet.shape for sheet in made] == [(form.rows * 20, 400), (20, 120)]
    assert made[0][25, 45] == form.columns + 1
    assert made[1][0, 119] == form.count + 2
    assert label_png(made[1]).startswith(b"\x89PNG")


def test_published_figures_have_a_source() -> None:
    for dataset in ("davis2016", "davis2017"):
        figures = published_figures(dataset)
        assert figures is not None
        assert all(0 < row["J_mean"] < 1 and row["source"] for row in figures["methods"])
    assert published_figures("synthetic") is None
