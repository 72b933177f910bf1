"""Predictions as alpha mattes, and as cut-outs of the frames."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from storage.datasets.source import UInt8Array
from storage.export.png_folders import check_names
from storage.files.output_folder import OutputFolder
from storage.kinds.predictions import StoredPrediction


def export_mattes(prediction: StoredPrediction, out: OutputFolder) -> Path:
    """Write OUT/VIDEO-mattes/FRAME_OBJECT.png: the object's alpha, 8 bits, grey.

    Alpha is the object's probability if it was kept, otherwise 0 or 255.

    Args:
        prediction: the prediction to write.
        out: folder for all videos.

    Returns:
        The folder.

    Raises:
        As `storage.export.png_folders.export_png`.
    """
    check_names(prediction, out.path)
    name = f"{prediction.video}-mattes"
    with out.folder(name) as draft:
        for index, frame in enumerate(prediction.frame_names):
            for object_id, alpha in _alphas(prediction, index):
                Image.fromarray(alpha).save(draft / f"{frame}_{object_id}.png")
    return out.path / name


def export_cutouts(
    prediction: StoredPrediction, picture: Callable[[int], UInt8Array], out: OutputFolder
) -> Path:
    """Write OUT/VIDEO-cutouts/FRAME_OBJECT.png: the frame in RGBA with the object's alpha.

    Frames without the object are left out.

    Args:
        prediction: the prediction to write.
        picture: the frame at an index, uint8 (H, W, 3), RGB; called in ascending order. The
            cut-outs have its size.
        out: folder for all videos.

    Returns:
        The folder.

    Raises:
        As `storage.export.png_folders.export_png`.
    """
    check_names(prediction, out.path)
    name = f"{prediction.video}-cutouts"
    with out.folder(name) as draft:
        for index, frame_name in enumerate(prediction.frame_names):
            frame = picture(index)
            size = (frame.shape[1], frame.shape[0])
            for object_id, alpha in _alphas(prediction, index):
                if not alpha.any():
                    continue
                fitted = cv2.resize(alpha, size, interpolation=cv2.INTER_LINEAR)
                rgba = np.dstack([frame, np.asarray(fitted, np.uint8)])
                Image.fromarray(rgba).save(draft / f"{frame_name}_{object_id}.png")
    return out.path / name


def _alphas(prediction: StoredPrediction, index: int) -> Iterator[tuple[int, UInt8Array]]:
    soft = prediction.soft_masks(index)
    label_map = prediction.label_map(index)
    for place, object_id in enumerate(prediction.objects):
        hard = np.where(label_map == object_id, 255, 0).astype(np.uint8)
        yield object_id, hard if soft is None else soft[place]
