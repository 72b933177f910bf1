"""Predictions as a table: a row per frame and object."""

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from storage.export.png_folders import check_names
from storage.files.output_folder import OutputFolder
from storage.kinds.predictions import StoredPrediction

STATES = ("tracked", "lost", "not yet marked")
COLUMNS = (
    *("frame", "seconds", "object", "state", "area"),
    *("x0", "y0", "x1", "y1", "centroid_x", "centroid_y", "confidence"),
)


def export_frame_table(prediction: StoredPrediction, out: OutputFolder) -> Path:
    """Write OUT/VIDEO.csv: area, box, centroid, confidence and state of every object.

    Frames are counted from 0. The box is that of the label map's pixels, half open; box and
    centroid are empty where there are none. Seconds are empty where they are unknown.

    Args:
        prediction: the prediction to write.
        out: folder for all videos.

    Returns:
        The file.

    Raises:
        As `storage.export.coco.export_coco`.
    """
    check_names(prediction, out.path)
    name = f"{prediction.video}.csv"
    with out.file(name) as file:
        rows = csv.writer(codecs.getwriter("utf-8")(file), lineterminator="\n")
        rows.writerow(COLUMNS)
        rows.writerows(_rows(prediction))
    return out.path / name


def _rows(prediction: StoredPrediction) -> Iterator[list[object]]:
    times = prediction.frame_times
    for index in range(prediction.frame_count):
        label_map = prediction.label_map(index)
        for place, object_id in enumerate(prediction.objects):
            ys, xs = np.nonzero(label_map == object_id)
            box: list[object] = ["", "", "", ""]
            centroid: list[object] = ["", ""]
            if len(ys):
                box = [int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1]
                centroid = [round(float(xs.mean()), 3), round(float(ys.mean()), 3)]
            yield [
                index,
                "" if times is None else round(times[index], 6),
                object_id,
                STATES[int(prediction.states[index, place])],
                len(ys),
                *box,
                *centroid,
                round(float(prediction.confidence[index, place]), 6),
            ]
