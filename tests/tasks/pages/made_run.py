"""Makes a run in a store without computing anything: known masks, figures and failures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd

from maskrnn_core.digest import stable_digest
from maskrnn_core.synthetic import SyntheticOptions, SyntheticVideo, synthetic_videos
from maskrnn_core.video import UInt8Array
from storage.kinds.flow_writer import FlowPair
from storage.kinds.predictions import PREDICTIONS, write_prediction
from storage.kinds.stored_flow import FLOW, write_flow
from storage.kinds.tables import write_table
from storage.kinds.videos import write_video
from storage.runs.ledger import RunLedger, StageRecord, VideoRecord
from storage.store.artifacts import ArtifactStore
from tasks.units.evaluate import EVALUATIONS

LOST_FRAMES = (3, 4)
"""Frames in which object 1 of the second preset is lost."""


@dataclass(frozen=True)
class NamedVideo:
    """A generated video under another name."""

    source: SyntheticVideo
    name: str
    dataset: str = "synthetic"

    def __getattr__(self, attribute: str) -> object:
        return getattr(self.source, attribute)

    def fingerprint(self) -> str:
        """That of the source, with the name, which is part of what is stored."""
        return f"{self.source.fingerprint()}{self.name}"


@dataclass(frozen=True)
class MadeRun:
    """What the run consists of.

    Args:
        names: of the videos.
        presets: the main one first.
        failed: error of the ingestion by name of a video, in addition to `names`.
        frames: of every video.
        size: of every frame.
        evaluated: whether there are figures.
        shared: whether frames, optical flow and label maps are stored once for every second video,
            which makes a run of many videos in a fraction of the time.
    """

    names: Sequence[str] = ("bear", "camel", "surf")
    presets: Sequence[str] = ("small", "propagate")
    failed: Mapping[str, str] = field(default_factory=dict)
    frames: int = 8
    size: tuple[int, int] = (48, 64)
    evaluated: bool = True
    shared: bool = False


def make_run(store: ArtifactStore, run_id: str, made: MadeRun) -> None:
    """Write the artifacts and the ledger of a run.

    The first video has the lowest J, the last the highest; J falls from frame to frame. The first
    preset has the exact masks, every other one masks that are moved to the right.
    """
    options = SyntheticOptions(size=made.size, videos_val=2, frames_val=made.frames)
    sources = [drawn_once(video) for video in synthetic_videos("val", options)]
    ledger = RunLedger(store, run_id)
    parameters = {
        "dataset": "davis2017",
        "preset": made.presets[0],
        "compare": list(made.presets[1:]),
    }
    ledger.begin(parameters, "0.1.0", [*made.names, *made.failed])
    keys: dict[int, str] = {}
    for number, name in enumerate(made.names):
        content = number % len(sources) if made.shared else number
        stored = NamedVideo(sources[number % 2], made.names[content])
        video = NamedVideo(sources[number % 2], name)
        flow = f"flow-{content}"
        if content == number:
            keys[content] = write_video(store, stored, None)  # type: ignore[arg-type]
            _write_flow(store, flow, video.source)
        stages = {"ingest": StageRecord("done", 1.5, False, "worker-0")}
        stages["flow"] = StageRecord("done", 2.5, False, "worker-1", ((FLOW, flow),))
        level = (number + 1) / len(made.names)
        for place, preset in enumerate(made.presets):
            prediction = stable_digest([run_id, content, place])
            if content == number:
                _write_prediction(store, prediction, stored, place)
            stages[f"segment {preset}"] = StageRecord(
                "done", 3.5, place > 0, "worker-0", ((PREDICTIONS, prediction),)
            )
            if made.evaluated:
                evaluation = stable_digest([run_id, number, place])
                _write_figures(store, evaluation, video, level / (place + 1))
                stages[f"evaluate {preset}"] = StageRecord(
                    "done", 0.5, False, "worker-1", ((EVALUATIONS, evaluation),)
                )
        ledger.write(VideoRecord(name, keys[content], "done", 1, stages))
    for name, error in made.failed.items():
        failure = StageRecord("failed", 0.5, error=error)
        ledger.write(VideoRecord(name, None, "failed", 1, {"ingest": failure}))


def drawn_once(video: SyntheticVideo) -> SyntheticVideo:
    """The video, which keeps its frames: several videos of a run show the same ones."""
    for name in ("frame", "label_map", "backward_flow", "forward_flow"):
        setattr(video, name, cache(getattr(video, name)))
    return video


def moved(labels: UInt8Array, pixels: int) -> UInt8Array:
    """A label map whose objects are moved to the right."""
    return np.roll(labels, pixels, axis=1)


def _write_flow(store: ArtifactStore, key: str, video: SyntheticVideo) -> None:
    def pairs(start: int) -> list[FlowPair]:
        rest = range(start, video.frame_count)
        return [(i, video.backward_flow(i), video.forward_flow(i)) for i in rest]

    write_flow(store, key, pairs, video.frame_count, video.size, {"estimator": "exact"})


def _write_prediction(store: ArtifactStore, key: str, video: NamedVideo, place: int) -> None:
    source = video.source
    height, width = source.size
    boxes = np.array([[0, 0, width / 2, height / 2]] * len(source.objects), np.float32)
    with write_prediction(
        store,
        key,
        video=video.name,
        size=source.size,
        objects=source.objects,
        frame_names=source.frame_names,
        metadata={"preset": {"name": f"preset {place}"}, "compute": {"device": "cpu"}},
    ) as writer:
        for index in range(source.frame_count):
            states = np.zeros(len(source.objects), np.uint8)
            states[0] = place == 1 and index in LOST_FRAMES
            labels = moved(source.label_map(index), 4 * place)
            writer.add(index, labels, states, boxes, np.full(len(source.objects), 0.75))


def _write_figures(store: ArtifactStore, key: str, video: NamedVideo, level: float) -> None:
    source = video.source
    frames, objects = range(source.frame_count), source.objects
    per_frame = pd.DataFrame(
        [
            {
                "video": video.name,
                "frame": frame,
                "frame_name": source.frame_names[frame],
                "object": object_id,
                "J": level * (1 - frame / (2 * len(frames))),
                "F": level * (1 - frame / (4 * len(frames))),
                "T": 0.25,
                "counted": 0 < frame < len(frames) - 1,
                "state": 0,
                "confidence": 0.75,
            }
            for frame in frames
            for object_id in objects
        ]
    )
    per_object = pd.DataFrame(
        [
            {
                "video": video.name,
                "object": object_id,
                "J_mean": level * 0.75,
                "J_recall": level,
                "J_decay": 0.25,
                "F_mean": level * 0.875,
                "F_recall": level,
                "F_decay": 0.125,
                "T_mean": 0.25,
            }
            for object_id in objects
        ]
    )
    write_table(store, EVALUATIONS, key, {"per_frame": per_frame, "per_object": per_object}, {})
