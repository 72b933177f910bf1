"""What a run would find in the store and what it would compute, without computing anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from maskrnn_core.options import ComputeOptions
from storage.datasets.source import SourceVideo
from storage.errors import StorageError
from storage.kinds.checkpoints import FINETUNED, PARENTS
from storage.kinds.predictions import PREDICTIONS
from storage.kinds.stored_flow import FLOW
from storage.kinds.videos import VIDEOS, video_key
from storage.runs.names import RecordName, StageName
from storage.store.artifacts import ArtifactStore
from tasks import keys
from tasks.inputs.configuration import Configuration
from tasks.inputs.flow_method import FlowMethod
from tasks.keys import PreparedVideo
from tasks.plan.outcome import VideoResult
from tasks.units import EVALUATIONS

Fate = Literal["reused", "computed", "not needed", "unknown"]
"""`not needed`: weights that are gone while the prediction made with them is there. `unknown`: the
key depends on something that is not there yet; it is computed unless it turns out to exist."""


@dataclass(frozen=True)
class PlannedStage:
    """One stage of one record of the ledger; `key` is None where `fate` is unknown."""

    record: RecordName
    stage: StageName
    kind: str
    key: str | None
    fate: Fate


def prepared_video(
    store: ArtifactStore, key: str, method: FlowMethod, compute: ComputeOptions
) -> PreparedVideo:
    """What later stages need of a video in the store; its flow need not be there.

    Raises:
        MissingArtifactError, CorruptArtifactError, NewerSchemaError: see `ArtifactStore.open`.
    """
    known = store.open(VIDEOS, key).metadata
    asked = compute if method.weights is not None else None
    return PreparedVideo(
        name=known["name"],
        key=key,
        content_digest=known["content_digest"],
        flow_key=keys.flow_key(known["content_digest"], method.digest, asked),
        objects=tuple(known["objects"]),
        frame_count=known["frame_count"],
    )


class Foresight:
    """Collects planned stages, in the order in which a run would come to them.

    Args:
        store: of the artifacts.
        method: the flow estimator.
        compute: what was asked for.
        short_side: of the frames in the store; None for the source's.
    """

    def __init__(
        self,
        store: ArtifactStore,
        method: FlowMethod,
        compute: ComputeOptions,
        short_side: int | None,
    ) -> None:
        self._store = store
        self._method = method
        self._compute = compute
        self._short_side = short_side
        self.stages: list[PlannedStage] = []

    def prepare(
        self, source: SourceVideo, record: RecordName, *, with_flow: bool = True
    ) -> PreparedVideo | None:
        """Ingestion and flow; None when the video is not in the store, or cannot be read."""
        try:
            key = video_key(source, self._short_side)
        except StorageError:
            key = None  # it fails by itself, when its turn comes
        is_there = self._add(record, StageName("ingest"), VIDEOS, key)
        video = None
        if key is not None and is_there:
            video = prepared_video(self._store, key, self._method, self._compute)
        if with_flow:
            self._add(record, StageName("flow"), FLOW, None if video is None else video.flow_key)
        return video

    def train(
        self,
        videos: Sequence[PreparedVideo | None],
        configuration: Configuration,
        start: str | None,
    ) -> str | None:
        """The parent's key; None when a training video is not in the store."""
        known = [video for video in videos if video is not None]
        key = None
        if known and len(known) == len(videos):
            preset, compute = configuration.preset, configuration.compute
            key = keys.parent_key(known, preset, compute, start)
        record = RecordName("parent", configuration.preset.name)
        self._add(record, StageName("train"), PARENTS, key)
        return key

    def segment(
        self,
        name: str,
        video: PreparedVideo | None,
        configuration: Configuration,
        parent: str | None,
        protocol: str | None,
    ) -> VideoResult | None:
        """Finetuning, inference and evaluation by one preset; None unless all results are there.

        Args:
            name: of the video.
            video: None when it is not in the store.
            configuration: the preset with its options.
            parent: its key; None when unknown, or without a network.
            protocol: of the evaluation; None without one.
        """
        record = RecordName("video", name)
        preset, compute = configuration.preset, configuration.compute
        prediction = evaluation = weights = None
        if video is not None and (parent is not None or preset.network is None):
            weights = finetuned_keys(video, parent, configuration)
            prediction = keys.prediction_key(video, weights, preset, compute)
            evaluation = protocol and keys.evaluation_key(video, prediction, protocol)
        segmented = prediction is not None and self._store.exists(PREDICTIONS, prediction)
        if preset.network is not None and preset.finetune is not None:
            if weights is None:
                self._add(record, StageName("finetune", preset.name), FINETUNED, None)
            for object_id, key in (weights or {}).items():
                stage = StageName("finetune", preset.name, object_id)
                self._add(record, stage, FINETUNED, key, needed=not segmented)
        self._add(record, StageName("segment", preset.name), PREDICTIONS, prediction)
        evaluated = True
        if protocol is not None:
            stage = StageName("evaluate", preset.name)
            evaluated = self._add(record, stage, EVALUATIONS, evaluation)
        if video is None or prediction is None or not (segmented and evaluated):
            return None
        return VideoResult(video, preset.name, prediction, evaluation)

    def _add(
        self,
        record: RecordName,
        stage: StageName,
        kind: str,
        key: str | None,
        *,
        needed: bool = True,
    ) -> bool:
        is_there = key is not None and self._store.exists(kind, key)
        fate: Fate = "reused" if is_there else "computed" if needed else "not needed"
        fate = "unknown" if key is None else fate
        self.stages.append(PlannedStage(record, stage, kind, key, fate))
        return is_there


def finetuned_keys(
    video: PreparedVideo, parent: str | None, configuration: Configuration
) -> Mapping[int, str]:
    """Key of the weights per object: finetuned, or the parent's; none without a network."""
    preset, compute = configuration.preset, configuration.compute
    if preset.network is None or parent is None:
        return {}
    if preset.finetune is None:
        return dict.fromkeys(video.objects, parent)
    return {
        object_id: keys.finetuned_key(video, object_id, parent, preset, compute)
        for object_id in video.objects
    }
