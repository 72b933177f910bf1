"""The summary of a run in which not everything succeeded."""

import pandas as pd

from storage.runs.ledger import VideoRecord
from tasks.inputs.configuration import configure
from tasks.plan.outcome import Outcome
from tasks.reporting.summary import ReportParts, markdown
from tasks.reporting.tables import Tables
from tasks.scores.aggregation import FIGURES, aggregate
from tasks.scores.scoring import PER_FRAME

PRESETS = ("first-frame", "propagate")


def summary(*figures: tuple[str, str]) -> str:
    """The summary of a run with these presets and videos, in which every J is 0.5."""
    rows = [(preset, video, 1, *[0.5] * len(FIGURES)) for preset, video in figures]
    per_object = pd.DataFrame(rows, columns=["preset", "video", "object", *FIGURES])
    per_frame = pd.DataFrame(columns=["preset", *PER_FRAME])
    videos = sorted({video for _, video in figures})
    parts = ReportParts(
        run_id="run",
        parameters={},
        configurations=[configure(name, {}) for name in PRESETS],
        outcome=Outcome(videos),
        tables=Tables(per_frame, per_object, *aggregate(per_object, PRESETS)),
        stages=pd.DataFrame({"stage": ["segment"]}),
        records={video: VideoRecord(video, state="failed") for video in videos},
        protocol="davis",
        sheets=[],
    )
    return markdown(parts)


def test_presets_without_a_video_in_common_are_not_compared() -> None:
    text = summary(("first-frame", "bear"), ("propagate", "camel"))
    assert "No video was completed by all presets" in text
    assert "### first-frame per sequence" in text


def test_presets_are_compared_on_the_videos_that_all_completed() -> None:
    text = summary(("first-frame", "bear"), ("propagate", "bear"), ("propagate", "camel"))
    assert "### Presets, on the 1 videos that all of them came through with" in text
