"""Carries out `maskrnn suggest`: names the frames whose correction would help most."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal

from flows.console.plain_table import Column, PlainTable
from flows.corrections.results import FoundRun, find_run
from flows.terminal import Terminal
from storage.kinds.stored_flow import FLOW, StoredFlow
from storage.store.artifacts import ArtifactStore
from tasks.scores.suggestions import Flow, Suggestion, suggest_frames

Format = Literal["table", "json"]


def suggest(
    store_url: str,
    run: str,
    video: str | None,
    *,
    count: int,
    spacing: int | None,
    form: Format,
) -> int:
    """Print suggestions for one video, or all videos of a run; return 0.

    Raises:
        MissingArtifactError, ParameterError: there is no such run, video or result.
    """
    store = ArtifactStore(store_url)
    found = find_run(store, run)
    videos = [video] if video is not None else _segmented(found)
    rows = [row for name in videos for row in suggestions(store, found, name, count, spacing)]
    if form == "json":
        Terminal().print(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        _print_table(rows, found)
    return 0


def suggestions(
    store: ArtifactStore, found: FoundRun, video: str, count: int, spacing: int | None
) -> list[Suggestion]:
    """Return suggestions for one video; without its optical flow, from the masks alone."""
    prediction = found.prediction(video)
    return suggest_frames(prediction, _flow(store, found, video), count, spacing)


def _flow(store: ArtifactStore, found: FoundRun, video: str) -> Flow:
    key = found.results.keys[video].flow
    if key is None or not store.exists(FLOW, key):
        return lambda index: None
    return StoredFlow(store, key).backward


def _segmented(found: FoundRun) -> list[str]:
    keys = found.results.keys
    return [n for n in found.results.videos if n in keys and found.preset in keys[n].predictions]


def _print_table(rows: Sequence[Suggestion], found: FoundRun) -> None:
    console = Terminal()
    if not rows:
        console.print("The videos are too short to name a frame.")
        return
    columns = [
        Column("video"),
        Column("frame"),
        Column("object", is_number=True),
        Column("confidence", is_number=True),
        Column("help", is_number=True),
        Column("reason"),
    ]
    cells = [
        (
            row.video,
            row.frame,
            str(row.object_id),
            f"{row.confidence:.2f}",
            f"{row.help:.1f}",
            row.reason,
        )
        for row in rows
    ]
    console.print(PlainTable(columns, cells, "Frames to correct, the most useful first"))
    first = rows[0]
    console.print(
        f"Draw the mask of such a frame, then: maskrnn correct {found.info.run_id} {first.video} "
        f"--mask {first.frame}=FILE"
    )
