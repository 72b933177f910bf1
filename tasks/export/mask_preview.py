"""Draws a video's first masks, so that a user can check them before hours of segmentation."""

import io
from pathlib import Path

from PIL import Image

from maskrnn_core.drawing.overlays import contact_sheet, overlay
from storage.datasets.masks.label_maps import object_ids
from storage.datasets.source import SourceVideo
from storage.files.output_folder import OutputFolder

_MOST_FRAMES, _COLUMNS = 4, 2


def preview_name(video: str) -> str:
    """Return the name of the picture of a video's first masks in the folder of its results."""
    return f"{video}-first-masks.png"


def write_mask_preview(source: SourceVideo, out: OutputFolder) -> Path:
    """Write OUT/VIDEO-first-masks.png: the frames where objects are first marked, tinted.

    Args:
        source: the video with its masks.
        out: created if missing.

    Returns:
        The file.

    Raises:
        DatasetError: frames or masks cannot be read.
        OccupiedOutputError: a file exists there that this program did not write.
        StoreFullError, StoreAccessError: the file cannot be written.
    """
    names, pictures, seen = [], [], set[int]()
    for index, name in enumerate(source.frame_names):
        labels = source.label_map(index)
        if labels is None or set(object_ids(labels)) <= seen:
            continue
        seen.update(object_ids(labels))
        names.append(name)
        pictures.append(overlay(source.frame(index), labels))
        if len(pictures) == _MOST_FRAMES:
            break
    sheet = contact_sheet(pictures, min(_COLUMNS, len(pictures)), names)
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "PNG")
    out.write(preview_name(source.name), buffer.getvalue())
    return out.path / preview_name(source.name)
