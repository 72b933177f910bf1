"""Plans what a run would find in the store and what it would compute, without computing it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from maskrnn_core.options import ComputeOptions
from storage.datasets.source import SourceVideo
from storage.errors import StorageError
from storage.kinds.checkpoints import PARENTS
from storage.kinds.masks import mask_objects
from storage.kinds.stored_flow import FLOW
from storage.kinds.videos import VIDEOS, key_in_store, open_video
from storage.runs.names import RecordName, StageName
from storage.store.artifacts import ArtifactStore
from tasks import keys
from tasks.given import GivenMask, GivenSpec, given_masks
from tasks.inputs.flow_method import FlowMethod
from tasks.keys import PreparedVideo
from tasks.plan.run_order import TRAIN, PresetStage, Training, unneeded

Fate = Literal["reused", "computed", "not needed", "unknown"]
"""`not needed`: the weights are missing, but the prediction made with them exists. `unknown`: the
key depends on something that does not exist yet; the stage computes unless it finds its result."""


@dataclass(frozen=True)
class PlannedStage:
    """One stage of one ledger record; `key` is None if `fate` is unknown."""

    record: RecordName
    stage: StageName
    kind: str
    key: str | None
    fate: Fate


def prepared_video(
    store: ArtifactStore,
    key: str,
    method: FlowMethod,
    compute: ComputeOptions,
    spec: GivenSpec = GivenSpec(),  # noqa: B008 (frozen)
) -> PreparedVideo:
    """Return what later stages need of a video in the store; its optical flow may be missing.

    `spec` says which masks are given; by default the first annotation of each object.

    Raises:
        MissingArtifactError, CorruptArtifactError, NewerSchemaError: see `ArtifactStore.open`.
    """
    known = store.open(VIDEOS, key).metadata
    given: tuple[GivenMask, ...] = ()
    if spec != GivenSpec():
        correction = spec.correction
        added = () if correction is None else correction.earlier + correction.added
        objects_of = {mask: mask_objects(store, mask) for _, mask in added}
        given = given_masks(spec, open_video(store, key).annotated_objects, objects_of)
    asked = compute if method.weights is not None else None
    return PreparedVideo(
        name=known["name"],
        key=key,
        content_digest=known["content_digest"],
        flow_key=keys.flow_key(known["content_digest"], method.digest, asked),
        objects=tuple(known["objects"]),
        frame_count=known["frame_count"],
        given=given,
        correction=spec.correction,
    )


class DryPlan:
    """Collects planned stages in the order in which a run would execute them.

    Args:
        store: the store with the artifacts.
        method: the estimator of optical flow.
        compute: the requested device, precision and threads.
        short_side: of the frames in the store, in pixels; None keeps the source's.
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
        self,
        source: SourceVideo,
        record: RecordName,
        stages: Sequence[StageName],
        given: GivenSpec = GivenSpec(),  # noqa: B008 (frozen)
    ) -> PreparedVideo | None:
        """Plan the shared stages of a video; return None if it is missing or cannot be read."""
        video = None
        for stage in stages:
            if stage.kind == "ingest":
                key = self._video_key(source)
                if self._add(record, stage, VIDEOS, key) and key is not None:
                    asked = self._method, self._compute
                    video = prepared_video(self._store, key, *asked, given)
            else:
                self._add(record, stage, FLOW, None if video is None else video.flow_key)
        return video

    def train(
        self, videos: Sequence[PreparedVideo | None], training: Training, start: str | None
    ) -> str | None:
        """Return the parent's key; None if a training video is not in the store."""
        configuration = training.configuration
        learns = configuration.preset.trains_offline
        known = [video for video in videos if video is not None] if learns else []
        key = None
        if not learns or (known and len(known) == len(videos)):
            key = keys.parent_key(known, configuration.preset, configuration.compute, start)
        self._add(training.record, TRAIN, PARENTS, key)
        return key

    def leave_out_training_videos(self) -> None:
        """Plan nothing for them: all parents are in the store, so a run does not open them."""
        self.stages = [stage for stage in self.stages if stage.record.role != "train"]

    def follow(self, record: RecordName, stages: Sequence[PresetStage]) -> bool:
        """Plan the stages of a video by one preset; return whether all its results exist."""
        complete = True
        dropped = unneeded(stages, self._store.exists)
        for stage in stages:
            needed = stage.name not in dropped
            is_there = self._add(record, stage.name, stage.kind, stage.key, needed=needed)
            complete &= is_there or stage.serves is not None
        return complete

    def _video_key(self, source: SourceVideo) -> str | None:
        try:
            return key_in_store(self._store, source, self._short_side)
        except StorageError:
            return None  # the video fails by itself in its turn

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
