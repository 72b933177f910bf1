"""Chooses the videos and stages of a rerun."""

from collections.abc import Collection, Sequence

from storage.runs.names import STAGE_KINDS, RecordName, StageKind
from storage.runs.run_status import run_status
from storage.runs.unknown_video import unknown_video
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.plan.dry_plan import PlannedStage


def choose_videos(
    store: ArtifactStore,
    run_id: str,
    known: Sequence[str],
    failed: bool,
    videos: Sequence[str] | None,
) -> frozenset[str] | None:
    """Return the videos to process; None means all.

    Args:
        store: the store of the run.
        run_id: its name.
        known: its videos.
        failed: choose only those that failed or were cut off: their process died, or the run ended
            before they began.
        videos: choose only these.

    Raises:
        ParameterError: the run does not have one of the videos.
    """
    if videos is not None:
        for name in videos:
            if name not in known:
                raise ParameterError(unknown_video(run_id, name, known))
    if not failed:
        return None if videos is None else frozenset(videos)
    found = run_status(store, run_id).records
    bad = {video.video for video in found if video.condition in ("failed", "stale", "pending")}
    return frozenset(bad & set(known if videos is None else videos))


def stages_from(
    stages: Sequence[PlannedStage], first: StageKind, only: Collection[str] | None
) -> list[PlannedStage]:
    """Return a stage and all that follow it, for the videos to process.

    Raises:
        ParameterError: training was requested for some videos; it concerns all of them.
    """
    if first == "train" and only is not None:
        raise ParameterError(
            "--stage train makes the parent again, on which all videos depend: remove --videos and "
            "--failed"
        )
    follow = STAGE_KINDS[STAGE_KINDS.index(first) :]
    return [
        stage
        for stage in stages
        if stage.stage.kind in follow
        and (_is_of(stage.record, only) or (first == "train" and stage.stage.kind == "train"))
    ]


def _is_of(record: RecordName, only: Collection[str] | None) -> bool:
    return record.role == "video" and (only is None or record.video in only)
