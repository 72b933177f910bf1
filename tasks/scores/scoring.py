"""Computes figures of one video as tables, from its label maps, one frame at a time."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from maskrnn_core.metrics import VideoEvaluator, VideoScores, objects_of, protocol
from maskrnn_core.video import UInt8Array
from storage.datasets.readers.annotations import DAVIS_PROTOCOL
from storage.datasets.readers.catalog import READERS

if TYPE_CHECKING:
    import pandas as pd

Frame = tuple[int, str, UInt8Array, UInt8Array]
"""Index, name, annotation and prediction, both label maps uint8 (H, W) of one size."""

PER_FRAME = ["video", "frame", "frame_name", "object", "J", "F", "T", "counted"]
PER_OBJECT = [
    "video",
    "object",
    "J_mean",
    "J_recall",
    "J_decay",
    "F_mean",
    "F_recall",
    "F_decay",
    "T_mean",
]


def protocol_of(dataset: str) -> str:
    """Return the evaluation protocol of a data set's reader; for generated data, that of DAVIS."""
    reader = READERS.get(dataset)
    return DAVIS_PROTOCOL if reader is None else reader.protocol


def score_video(
    video: str,
    frames: Iterable[Frame],
    annotated: int,
    protocol_name: str,
    objects: Sequence[int] | None = None,
) -> "tuple[pd.DataFrame, pd.DataFrame]":
    """Return the tables `per_frame` and `per_object`.

    `per_frame` has every frame; the protocol decides which of them count in `per_object`.

    Args:
        video: name for the rows.
        frames: the annotated frames, in order; at least one.
        annotated: how many annotated frames there are.
        protocol_name: such as `protocol_of` returns.
        objects: ids to evaluate; None means 1 to the largest of the first annotation, as DAVIS.

    Raises:
        InvalidInputError: sizes differ, or the number of frames is another.
    """
    import pandas as pd

    evaluator: VideoEvaluator | None = None
    seen: list[tuple[int, str]] = []
    for index, name, annotation, prediction in frames:
        if evaluator is None:
            ids = objects_of(annotation) if objects is None else objects
            evaluator = VideoEvaluator(protocol(protocol_name), ids, annotated, video=video)
        evaluator.add(annotation, prediction)
        seen.append((index, name))
    if evaluator is None:
        return pd.DataFrame(columns=PER_FRAME), pd.DataFrame(columns=PER_OBJECT)
    scores = evaluator.result()
    return frame_table(scores, seen), object_table(scores)


def frame_table(scores: VideoScores, seen: Sequence[tuple[int, str]]) -> "pd.DataFrame":
    """Return figures per frame and object; `seen` has index and name of every evaluated frame.

    T belongs to a frame and the one before it. `counted` marks the frames that the protocol
    counts.
    """
    import pandas as pd

    rows = [
        (
            scores.video,
            index,
            name,
            item.object_id,
            item.region[position],
            item.contour[position],
            item.stability[position - 1] if position else float("nan"),
            item.counted.start <= position < item.counted.stop,
        )
        for position, (index, name) in enumerate(seen)
        for item in scores.objects
    ]
    return pd.DataFrame(rows, columns=PER_FRAME)


def object_table(scores: VideoScores) -> "pd.DataFrame":
    """Return statistics per object over the frames that count."""
    import pandas as pd

    rows: list[tuple[Any, ...]] = []
    for item in scores.objects:
        region, contour = item.region_summary, item.contour_summary
        rows.append(
            (
                scores.video,
                item.object_id,
                region.mean,
                region.recall,
                region.decay,
                contour.mean,
                contour.recall,
                contour.decay,
                item.stability_mean,
            )
        )
    return pd.DataFrame(rows, columns=PER_OBJECT)
