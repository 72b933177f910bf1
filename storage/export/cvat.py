"""Predictions as an annotation file that CVAT imports ("CVAT for images 1.1")."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from storage.export.png_folders import check_names
from storage.files.output_folder import OutputFolder
from storage.kinds.predictions import StoredPrediction


def export_cvat(prediction: StoredPrediction, out: OutputFolder) -> Path:
    """Write OUT/VIDEO-cvat.xml: a mask per frame and object, with the label `object N`.

    Make a task of the frames whose labels are `object 1`, `object 2`, ..., and import the file
    into it.

    Args:
        prediction: the prediction to write.
        out: folder for all videos.

    Returns:
        The file.

    Raises:
        As `storage.export.coco.export_coco`.
    """
    check_names(prediction, out.path)
    name = f"{prediction.video}-cvat.xml"
    with out.file(name) as file:
        file.writelines(part.encode() for part in _document(prediction))
    return out.path / name


def _document(prediction: StoredPrediction) -> Iterator[str]:
    height, width = prediction.size
    yield '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n'
    for index, frame in enumerate(prediction.frame_names):
        yield f'<image id="{index}" name={quoteattr(frame)} width="{width}" height="{height}">\n'
        label_map = prediction.label_map(index)
        for object_id in prediction.objects:
            mask = label_map == object_id
            if mask.any():
                yield _mask(object_id, mask)
        yield "</image>\n"
    yield "</annotations>\n"


def _mask(object_id: int, mask: NDArray[np.bool_]) -> str:
    """One mask: run lengths over the rows of its box, the first one of background."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left = int(rows[0]), int(columns[0])
    inside = mask[top : rows[-1] + 1, left : columns[-1] + 1]
    runs = [(value, len(list(same))) for value, same in groupby(inside.ravel().tolist())]
    lengths = [0] * runs[0][0] + [length for _, length in runs]
    return (
        f'<mask label="object {object_id}" source="auto" occluded="0" z_order="0" left="{left}" '
        f'top="{top}" width="{inside.shape[1]}" height="{inside.shape[0]}" '
        f'rle="{", ".join(map(str, lengths))}"></mask>\n'
    )
