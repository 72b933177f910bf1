"""The report's section on flow: agreement per video, and estimators compared where it is exact."""

from collections.abc import Sequence

import pandas as pd

from maskrnn_core.digest import stable_digest
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.accuracy import flow_accuracy
from maskrnn_core.options import ComputeOptions
from maskrnn_core.synthetic import SyntheticVideo
from storage.kinds.stored_video import open_video
from storage.kinds.tables import read_table, write_table
from storage.store.artifacts import ArtifactStore
from tasks.inputs.flow_method import flow_method, known_estimators
from tasks.inputs.sources import DatasetSpec
from tasks.keys import PreparedVideo
from tasks.reporting.escaping import markdown_table
from tasks.reporting.flow_agreement import FLOW_FIGURES, FlowFigures, exact_source

_VIDEOS = 8
_PAIRS = 4
_VERSION = 1


def flow_section(
    store: ArtifactStore,
    figures: FlowFigures,
    videos: Sequence[PreparedVideo],
    spec: DatasetSpec,
    estimator: str,
) -> str:
    """In Markdown: what the flow of the run is like, and how other estimators would have done.

    Args:
        store: of the videos.
        figures: of the run's flow.
        videos: that the figures are about.
        spec: the data set they come from.
        estimator: by which the run's flow was made.
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
            f"{_PAIRS} pairs each of {len(exact)} videos, both ways; visible: where no pixel is "
            "hidden in the other frame.",
            markdown_table(_comparison(store, exact)),
        ]
    return "\n\n".join(parts)


def _comparison(store: ArtifactStore, videos: Sequence[SyntheticVideo]) -> pd.DataFrame:
    """A row per estimator that needs no weights, and one for no motion at all."""
    methods = [flow_method(name) for name, network in known_estimators().items() if not network]
    key = stable_digest(
        {
            "videos": [video.fingerprint() for video in videos],
            "estimators": [method.digest for method in methods],
            "version": _VERSION,
        }
    )
    if not store.exists(FLOW_FIGURES, key):
        rows = []
        still = float("nan")
        for method in methods:
            try:
                found = flow_accuracy(method.build(ComputeOptions()), videos, _PAIRS)
            except InvalidInputError:  # frames too small for this one
                rows.append((method.name, float("nan"), float("nan"), float("nan")))
                continue
            still = found.still
            rows.append((method.name, found.error, found.visible, found.far))
        rows.append(("no motion", still, float("nan"), float("nan")))
        columns = ["estimator", "error px", "visible px", "share over 3 px"]
        table = pd.DataFrame(rows, columns=columns)
        write_table(store, FLOW_FIGURES, key, {"accuracy": table})
    return read_table(store, FLOW_FIGURES, key, "accuracy")
