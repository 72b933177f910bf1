"""Says what an evaluation would compare, without reading the predicted masks."""

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.evaluation.comparison import (
    Comparison,
    counted_frames,
    objects_to_compare,
    present_frames,
)
from tasks.evaluation.evaluation import OpenedRequest
from tasks.evaluation.problems import Problem


@dataclass(frozen=True)
class PlannedVideo:
    """What would be compared of one video.

    Args:
        video: its name.
        objects: ids of the objects that the protocol counts.
        frames: number of annotated frames.
        counted: number of frames that need a prediction.
        missing: how many of these have none.
        problems: what would make the evaluation fail.
    """

    video: str
    objects: tuple[int, ...]
    frames: int
    counted: int
    missing: int
    problems: Sequence[Problem] = ()


def plan_evaluation(opened: OpenedRequest) -> list[PlannedVideo]:
    """Return what would be compared, video by video.

    Predictions are listed and annotations are read for their objects. Faults that only the
    predicted masks show, such as another size, are not found.
    """
    return [_planned(job) for job in opened.jobs]


def check_plan(opened: OpenedRequest, planned: Sequence[PlannedVideo]) -> None:
    """Refuse a plan that the evaluation itself would refuse.

    Raises:
        ParameterError: the predictions do not fit the data set, or no frame counts.
    """
    opened.check([problem for one in planned for problem in one.problems])
    if not any(one.counted for one in planned):
        raise opened.without_counted_frames()


def _planned(job: Comparison) -> PlannedVideo:
    problems: list[Problem] = []
    present = present_frames(job, problems) or frozenset()
    objects = objects_to_compare(job, problems)
    counted = counted_frames(job)
    missing = sum(name not in present for name in counted)
    frames = len(job.video.frame_names)
    return PlannedVideo(job.video.name, objects, frames, len(counted), missing, problems)
