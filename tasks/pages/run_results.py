"""Reads the results of a run from its ledger and store, as its page shows them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from storage.kinds.predictions import PREDICTIONS, StoredPrediction
from storage.kinds.stored_flow import FLOW
from storage.kinds.stored_video import open_video
from storage.kinds.tables import read_tables
from storage.runs.ledger import RunInfo, RunLedger, VideoRecord
from storage.runs.names import RecordName, StageName
from storage.store.artifacts import ArtifactStore
from tasks.pages.shown import ShownMethod, ShownVideo, stored_method
from tasks.scores.scoring import PER_FRAME, PER_OBJECT
from tasks.units.evaluate import EVALUATIONS


@dataclass(frozen=True)
class VideoKeys:
    """Keys of what a run knows of one video; predictions and evaluations by preset."""

    video: str
    flow: str | None
    predictions: Mapping[str, str]
    evaluations: Mapping[str, str]


@dataclass(frozen=True)
class RunResults:
    """A run as its ledger describes it. Tables and videos are read once, when they are needed.

    Args:
        store: the store of the run.
        info: how the run was started.
        records: all records by name, also those of training.
        methods: presets in the order in which the run compares them.
        keys: by the name of a video; a video that was not ingested has none.
    """

    store: ArtifactStore
    info: RunInfo
    records: Mapping[str, VideoRecord]
    methods: Sequence[str]
    keys: Mapping[str, VideoKeys]
    _shown: dict[str, ShownVideo] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def videos(self) -> list[str]:
        """Names of all videos to segment, sorted."""
        named = [name for name in self.records if RecordName.parse(name).role == "video"]
        return sorted({*self.info.videos, *named})

    def table(self, name: str) -> pd.DataFrame:
        """The evaluations of all videos, `per_frame` or `per_object`, with a column `preset`."""
        parts = [
            self._evaluations[key][name].assign(preset=preset)
            for keys in self.keys.values()
            for preset, key in keys.evaluations.items()
        ]
        if not parts:
            columns = PER_FRAME if name == "per_frame" else PER_OBJECT
            return pd.DataFrame(columns=[*columns, "preset"])
        return pd.concat(parts, ignore_index=True)

    def shown(self, name: str) -> ShownVideo | None:
        """The video with its results; None if nothing of it was segmented."""
        keys = self.keys.get(name)
        if keys is None or not keys.predictions:
            return None
        if name not in self._shown:
            self._shown[name] = ShownVideo(
                name,
                open_video(self.store, keys.video, keys.flow),
                {preset: self._method(keys, preset) for preset in self.methods_of(keys)},
                keys.flow,
            )
        return self._shown[name]

    def methods_of(self, keys: VideoKeys) -> list[str]:
        """The presets that have segmented a video, in the order of the run."""
        return [preset for preset in self.methods if preset in keys.predictions]

    def options(self) -> dict[str, dict[str, Any]]:
        """Options of every preset and of its computing, as its first prediction keeps them."""
        found = {}
        for method in self.methods:
            keys = [k.predictions[method] for k in self.keys.values() if method in k.predictions]
            metadata = self.store.open(PREDICTIONS, keys[0]).metadata
            found[method] = {name: metadata.get(name) for name in ("preset", "compute")}
        return found

    @cached_property
    def _evaluations(self) -> Mapping[str, Mapping[str, pd.DataFrame]]:
        """Both tables of every evaluation, by its key."""
        every = {key for keys in self.keys.values() for key in keys.evaluations.values()}
        names = ("per_frame", "per_object")
        return {key: read_tables(self.store, EVALUATIONS, key, names) for key in sorted(every)}

    def _method(self, keys: VideoKeys, preset: str) -> ShownMethod:
        figures = pd.DataFrame(columns=PER_FRAME)
        if preset in keys.evaluations:
            figures = self._evaluations[keys.evaluations[preset]]["per_frame"]
        return stored_method(StoredPrediction(self.store, keys.predictions[preset]), figures)


def run_results(store: ArtifactStore, run_id: str) -> RunResults:
    """Read the ledger of a run.

    Raises:
        MissingArtifactError: there is no such run; the message names similar ones.
    """
    ledger = RunLedger(store, run_id)
    info = ledger.info()
    records = {record.video: record for record in ledger.records()}
    keys = {}
    for name, record in records.items():
        if RecordName.parse(name).role == "video" and record.video_key is not None:
            keys[name] = _keys(store, record, record.video_key)
    return RunResults(store, info, records, _methods(info, keys.values()), keys)


def _keys(store: ArtifactStore, record: VideoRecord, video: str) -> VideoKeys:
    found: dict[str, dict[str, str]] = {PREDICTIONS: {}, EVALUATIONS: {}, FLOW: {}}
    for title, stage in record.stages.items():
        for kind, key in stage.artifacts:
            if stage.state == "done" and kind in found and store.exists(kind, key):
                found[kind][StageName.parse(title).preset] = key
    return VideoKeys(video, found[FLOW].get(""), found[PREDICTIONS], found[EVALUATIONS])


def _methods(info: RunInfo, keys: Iterable[VideoKeys]) -> list[str]:
    """Presets in the order of the run's parameters, then those that only its records name."""
    asked = [info.parameters.get("preset"), *info.parameters.get("compare", ())]
    segmented = {preset for found in keys for preset in found.predictions}
    named = [preset for preset in dict.fromkeys(asked) if preset in segmented]
    return [*named, *sorted(segmented - set(named))]
