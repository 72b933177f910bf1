"""Writes the report's section on optical flow, in Markdown."""

from collections.abc import Sequence

from storage.kinds.stored_video import open_video
from storage.store.artifacts import ArtifactStore
from tasks.inputs.sources import DatasetSpec
from tasks.keys import PreparedVideo
from tasks.reporting.escaping import markdown_table
from tasks.scores.flow_accuracy import PAIRS, compare_estimators
from tasks.scores.flow_agreement import FlowFigures, exact_source

_VIDEOS = 8


def flow_section(
    store: ArtifactStore,
    figures: FlowFigures,
    videos: Sequence[PreparedVideo],
    spec: DatasetSpec,
    estimator: str,
) -> str:
    """Return the section: figures of the run's flow, and how other estimators compare.

    Args:
        store: the store with the videos.
        figures: of the run's flow.
        videos: the videos that the figures describe.
        spec: the data set of the videos.
        estimator: the estimator of the run's flow.
    """
    if figures.per_frame.empty:
        return ""
    means = figures.per_video.rename(
        columns={"inconsistent": "inconsistent share", "endpoint_error": "end-point error px"}
    )
    parts = [
        f"## Flow\n\nBy {estimator}. Inconsistent is the share of pixels that forward and then "
        "backward flow does not bring back; the frames are in `per_frame_flow.csv`.",
        markdown_table(means),
    ]
    exact = [
        source
        for video in sorted(videos, key=lambda video: video.name)[:_VIDEOS]
        if (source := exact_source(spec, open_video(store, video.key))) is not None
        and source.frame_count > 1
    ]
    if exact:
        parts += [
            "### Estimators on frames whose flow is exact\n\nEnd-point error over up to "
            f"{PAIRS} pairs each of {len(exact)} videos, both ways; visible: where no pixel is "
            "hidden in the other frame.",
            markdown_table(compare_estimators(store, exact)),
        ]
    return "\n\n".join(parts)
