"""Predictions as a COCO JSON file: run lengths per frame and object, and their provenance."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from storage.datasets.json_masks.run_lengths import encode_run_lengths
from storage.export.png_folders import check_names
from storage.files.output_folder import OutputFolder
from storage.kinds.predictions import StoredPrediction


def export_coco(prediction: StoredPrediction, out: OutputFolder) -> Path:
    """Write OUT/VIDEO.json in COCO's format; holds one label map in memory at a time.

    An annotation is one object in one frame, as run lengths. `track_id` is the object, and `score`
    is its confidence. Frames without the object have no annotation of it. `info` states the
    provenance. `--mask` reads such a file.

    Args:
        prediction: the prediction to write.
        out: folder for all videos.

    Returns:
        The file.

    Raises:
        OccupiedOutputError: a file exists there that this program did not write.
        StoreFullError, StoreAccessError: the file cannot be written; nothing half-written stays.
        CorruptArtifactError: a label map is damaged.
        InvalidAddressError: a name cannot be used as a file name.
    """
    check_names(prediction, out.path)
    name = f"{prediction.video}.json"
    with out.file(name) as file:
        file.writelines(part.encode() for part in _document(prediction))
    return out.path / name


def _document(prediction: StoredPrediction) -> Iterator[str]:
    info = {
        "description": prediction.video,
        "prediction": prediction.key,
        "provenance": prediction.metadata.get("provenance"),
    }
    yield f'{{"info": {json.dumps(info)},\n"categories": [{{"id": 1, "name": "object"}}],\n'
    yield '"images": ['
    yield from _listed(_images(prediction))
    yield '],\n"annotations": ['
    yield from _listed(_annotations(prediction))
    yield "]}\n"


def _listed(entries: Iterator[dict[str, Any]]) -> Iterator[str]:
    for place, entry in enumerate(entries):
        yield f"{',' if place else ''}\n{json.dumps(entry)}"


def _images(prediction: StoredPrediction) -> Iterator[dict[str, Any]]:
    height, width = prediction.size
    for index, name in enumerate(prediction.frame_names):
        image = {"id": index, "file_name": f"{name}.png", "height": height, "width": width}
        times = prediction.frame_times
        yield image if times is None else {**image, "seconds": times[index]}


def _annotations(prediction: StoredPrediction) -> Iterator[dict[str, Any]]:
    number = 0
    for index in range(prediction.frame_count):
        label_map = prediction.label_map(index)
        for place, object_id in enumerate(prediction.objects):
            mask = label_map == object_id
            if not mask.any():
                continue
            number += 1
            yield {
                "id": number,
                "image_id": index,
                "category_id": 1,
                "track_id": object_id,
                "segmentation": {
                    "size": list(prediction.size),
                    "counts": encode_run_lengths(mask),
                },
                "area": int(mask.sum()),
                "bbox": _box(mask),
                "iscrowd": 0,
                "score": round(float(prediction.confidence[index, place]), 6),
            }


def _box(mask: np.ndarray[Any, np.dtype[np.bool_]]) -> list[int]:
    """x, y, width and height of the box around the pixels that are not 0."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    return [left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1]
