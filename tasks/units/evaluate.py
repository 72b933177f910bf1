"""Metrics of one prediction against the annotations of its video, one frame at a time."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from maskrnn_core.metrics import contour_accuracy, region_similarity, summarize
from maskrnn_core.video import VOID, UInt8Array
from storage.artifacts import ArtifactStore
from storage.predictions import StoredPrediction
from storage.stored_video import open_video
from storage.tables import write_table

EVALUATIONS = "evaluations"


def evaluate(store_url: str, key: str, video_key: str, prediction_key: str) -> None:
    """Write the tables `per_frame` and `per_object` of one video (kind "evaluations").

    Args:
        store_url: the store.
        key: of the evaluation.
        video_key: of the video with its annotations.
        prediction_key: of the label maps, at the annotations' size.
    """
    store = ArtifactStore(store_url)
    if store.exists(EVALUATIONS, key):
        return
    video = open_video(store, video_key)
    prediction = StoredPrediction(store, prediction_key)
    rows: list[dict[str, Any]] = []
    for index in range(video.frame_count):
        annotation = video.annotation(index)
        if annotation is None:
            continue
        rows += [
            {
                "video": video.name,
                "frame": index,
                "frame_name": video.frame_names[index],
                "object": object_id,
                "J": j,
                "F": f,
                "state": int(prediction.states[index, position]),
                "confidence": float(prediction.confidence[index, position]),
            }
            for position, (object_id, j, f) in enumerate(
                frame_metrics(annotation, prediction.label_map(index), prediction.objects)
            )
        ]
    per_frame = pd.DataFrame(rows, columns=PER_FRAME_COLUMNS)
    tables = {"per_frame": per_frame, "per_object": per_object(per_frame, video.frame_count)}
    write_table(store, EVALUATIONS, key, tables, {"video": video.name})


PER_FRAME_COLUMNS = ["video", "frame", "frame_name", "object", "J", "F", "state", "confidence"]


def frame_metrics(
    annotation: UInt8Array, prediction: UInt8Array, objects: tuple[int, ...]
) -> Iterator[tuple[int, float, float]]:
    """Object id, J and F of one frame's label maps, uint8 (H, W); void pixels count for nobody."""
    counted = annotation != VOID
    for object_id in objects:
        truth = ((annotation == object_id) & counted)[np.newaxis]
        predicted = ((prediction == object_id) & counted)[np.newaxis]
        yield (
            object_id,
            float(region_similarity(truth, predicted)[0]),
            float(contour_accuracy(truth, predicted)[0]),
        )


def per_object(per_frame: pd.DataFrame, frame_count: int) -> pd.DataFrame:
    """Mean, recall and decay of J and F per object.

    The first and the last frame do not count, as in both DAVIS protocols.
    """
    inner = per_frame[(per_frame["frame"] > 0) & (per_frame["frame"] < frame_count - 1)]
    rows = []
    for (video, object_id), values in inner.groupby(["video", "object"], sort=True):
        row: dict[str, Any] = {"video": video, "object": object_id, "frames": len(values)}
        for metric in ("J", "F"):
            summary = summarize(values.sort_values("frame")[metric].to_numpy())
            row |= {
                f"{metric}_mean": summary.mean,
                f"{metric}_recall": summary.recall,
                f"{metric}_decay": summary.decay,
            }
        rows.append(row)
    return pd.DataFrame(rows, columns=PER_OBJECT_COLUMNS)


PER_OBJECT_COLUMNS = ["video", "object", "frames"] + [
    f"{metric}_{statistic}" for metric in "JF" for statistic in ("mean", "recall", "decay")
]
