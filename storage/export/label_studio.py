"""Predictions as a file that Label Studio imports: the objects' boxes through the video."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from storage.export.png_folders import check_names
from storage.files.output_folder import OutputFolder
from storage.kinds.predictions import StoredPrediction

_RATE = 25.0
"""Frames per second of a video that states no times."""


def export_label_studio(prediction: StoredPrediction, out: OutputFolder) -> Path:
    """Write OUT/VIDEO-label-studio.json: a task with a prediction, a video rectangle per object.

    The project needs `<Video name="video" value="$video"/>`, `<VideoRectangle name="box"
    toName="video"/>` and `<Labels name="label" toName="video">` with `object 1`, `object 2`, ...
    The task's `video` is the name of the video: replace it by the address of the file.

    Args:
        prediction: the prediction to write.
        out: folder for all videos.

    Returns:
        The file.

    Raises:
        As `storage.export.coco.export_coco`.
    """
    check_names(prediction, out.path)
    boxes: dict[int, list[dict[str, Any]]] = {object_id: [] for object_id in prediction.objects}
    for index in range(prediction.frame_count):
        label_map = prediction.label_map(index)
        for object_id, sequence in boxes.items():
            _extend(sequence, index, label_map == object_id, _seconds(prediction, index))
    task = {
        "data": {"video": prediction.video},
        "predictions": [
            {
                "model_version": prediction.key,
                "result": [
                    _rectangle(prediction, object_id, sequence)
                    for object_id, sequence in boxes.items()
                    if sequence
                ],
            }
        ],
    }
    name = f"{prediction.video}-label-studio.json"
    out.write(name, f"{json.dumps([task])}\n".encode())
    return out.path / name


def _seconds(prediction: StoredPrediction, index: int) -> float:
    times = prediction.frame_times
    return index / _RATE if times is None else times[index]


def _extend(
    sequence: list[dict[str, Any]], index: int, mask: np.ndarray[Any, Any], seconds: float
) -> None:
    """Add the box of a frame, counted from 1 and in percent; an absent object ends its box."""
    if not mask.any():
        if sequence and sequence[-1]["enabled"]:
            sequence[-1]["enabled"] = False
        return
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    sequence.append(
        {
            "frame": index + 1,
            "enabled": True,
            "rotation": 0,
            "x": 100 * int(columns[0]) / width,
            "y": 100 * int(rows[0]) / height,
            "width": 100 * int(columns[-1] + 1 - columns[0]) / width,
            "height": 100 * int(rows[-1] + 1 - rows[0]) / height,
            "time": seconds,
        }
    )


def _rectangle(
    prediction: StoredPrediction, object_id: int, sequence: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "id": f"object-{object_id}",
        "type": "videorectangle",
        "from_name": "box",
        "to_name": "video",
        "value": {
            "framesCount": prediction.frame_count,
            "duration": _seconds(prediction, prediction.frame_count - 1),
            "sequence": sequence,
            "labels": [f"object {object_id}"],
        },
    }
