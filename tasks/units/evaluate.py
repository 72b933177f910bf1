"""Computes metrics of one prediction against the annotations of its video."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from maskrnn_core.metrics import protocol
from storage.kinds.predictions import StoredPrediction
from storage.kinds.stored_video import StoredVideo, open_video
from storage.kinds.tables import write_table
from storage.store.artifacts import ArtifactStore
from tasks.scores.scoring import Frame, score_video

if TYPE_CHECKING:
    import pandas as pd

EVALUATIONS = "evaluations"


def evaluate(
    store_url: str, key: str, video_key: str, prediction_key: str, protocol_name: str
) -> None:
    """Write the tables `per_frame` and `per_object` of one video (kind "evaluations").

    Args:
        store_url: the store.
        key: key of the evaluation.
        video_key: key of the video with its annotations.
        prediction_key: key of the label maps, which have the size of the annotations.
        protocol_name: decides which frames, pixels and objects count.
    """
    store = ArtifactStore(store_url)
    if store.exists(EVALUATIONS, key):
        return
    video = open_video(store, video_key)
    prediction = StoredPrediction(store, prediction_key)
    annotated = len(video.attributes["annotated"])
    frames = _frames(video, prediction)
    objects = video.objects if protocol(protocol_name).listed_objects else None
    per_frame, per_object = score_video(video.name, frames, annotated, protocol_name, objects)
    per_frame = per_frame.merge(_tracking(prediction), on=["frame", "object"], how="left")
    tables = {"per_frame": per_frame, "per_object": per_object}
    metadata = {"video": video.name, "protocol": protocol_name}
    write_table(store, EVALUATIONS, key, tables, metadata)


def _frames(video: StoredVideo, prediction: StoredPrediction) -> Iterator[Frame]:
    for index, name in enumerate(video.frame_names):
        annotation = video.annotation(index)
        if annotation is not None:
            yield index, name, annotation, prediction.label_map(index)


def _tracking(prediction: StoredPrediction) -> "pd.DataFrame":
    """Return state and confidence per frame and object."""
    import pandas as pd

    rows = [
        (index, object_id, int(prediction.states[index, n]), float(prediction.confidence[index, n]))
        for index in range(prediction.frame_count)
        for n, object_id in enumerate(prediction.objects)
    ]
    return pd.DataFrame(rows, columns=["frame", "object", "state", "confidence"])
