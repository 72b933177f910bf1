"""Tables of a page as JSON for its script: rows per object, videos, timings, lost objects."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from storage.runs.ledger import VideoRecord
from storage.runs.names import STAGE_KINDS, RecordName, StageName
from tasks.pages.findings import losses, tracking
from tasks.pages.media import Part
from tasks.pages.shown import ShownVideo
from tasks.scores.aggregation import FIGURES


def video_rows(names: Sequence[str], parts: Mapping[str, Part]) -> list[dict[str, Any]]:
    """Return name and address of every video; `part` is None where nothing can be shown."""
    rows = []
    for name in names:
        part = parts.get(name)
        known = None if part is None else {"token": part.token, "file": part.address}
        rows.append({"name": name, "part": known})
    return rows


def object_rows(
    per_object: pd.DataFrame, videos: Sequence[str], methods: Sequence[str]
) -> list[list[Any]]:
    """Return `[video, method, object, J_mean, ..., T_mean]` with video and method as numbers."""
    number = {name: place for place, name in enumerate(videos)}
    rows = []
    for row in json.loads(per_object.to_json(orient="records", double_precision=4)):
        if row["video"] in number and row["preset"] in methods:
            place = [number[row["video"]], methods.index(row["preset"]), row["object"]]
            rows.append([*place, *(row[name] for name in FIGURES)])
    return rows


def track_rows(
    shown: Iterable[ShownVideo], videos: Sequence[str], methods: Sequence[str]
) -> tuple[list[list[Any]], list[list[Any]]]:
    """Return what the tracker says of every object, and where it lost them.

    The first list has `[video, method, object, lost frames, mean confidence]`, the second
    `[video, method, object, first frame, last frame, found again]`.
    """
    number = {name: place for place, name in enumerate(videos)}
    tracked: list[list[Any]] = []
    lost: list[list[Any]] = []
    for video in shown:
        for name, method in video.methods.items():
            place = [number[video.name], methods.index(name)]
            for object_id, (count, confidence) in tracking(method).items():
                tracked.append([*place, object_id, count, round(confidence, 3)])
            lost += [
                [*place, loss.object_id, loss.first, loss.last, int(loss.found)]
                for loss in losses(method)
            ]
    return tracked, lost


def timing_rows(records: Mapping[str, VideoRecord]) -> list[list[Any]]:
    """Return `[record, state, attempts, seconds of every kind of stage ..., reused, stages]`."""
    rows = []
    for name, record in sorted(records.items()):
        seconds = dict.fromkeys(STAGE_KINDS, 0.0)
        for title, stage in record.stages.items():
            seconds[StageName.parse(title).kind] += stage.seconds
        reused = sum(stage.reused for stage in record.stages.values())
        times = [round(seconds[kind], 2) for kind in STAGE_KINDS]
        rows.append([name, record.state, record.attempt, *times, reused, len(record.stages)])
    return rows


def worker_rows(records: Mapping[str, VideoRecord]) -> list[dict[str, Any]]:
    """Return units and seconds of every worker, the busiest first."""
    found: dict[str, list[float]] = {}
    for record in records.values():
        for stage in record.stages.values():
            if stage.worker:
                found.setdefault(stage.worker, []).append(stage.seconds)
    rows = [{"name": name, "units": len(s), "seconds": sum(s)} for name, s in found.items()]
    return sorted(rows, key=lambda row: (-float(str(row["seconds"])), str(row["name"])))


def digest_rows(records: Mapping[str, VideoRecord]) -> list[dict[str, str]]:
    """Return the artifacts of every parent: its name, kind and key."""
    return [
        {"name": name, "kind": kind, "key": key}
        for name, record in sorted(records.items())
        if RecordName.parse(name).role == "parent"
        for kind, key in record.artifacts()
    ]
