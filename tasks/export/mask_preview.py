"""A picture of a video's first masks, to be looked at before hours of segmentation."""

import io
from pathlib import Path

from PIL import Image

from maskrnn_core.drawing.overlays import contact_sheet, overlay
from storage.datasets.masks.label_maps import object_ids
from storage.datasets.source import SourceVideo
from storage.files.whole_files import make_folder, whole_file

_MOST_FRAMES, _COLUMNS = 4, 2


def write_mask_preview(source: SourceVideo, folder: Path) -> Path:
    """Write FOLDER/VIDEO-first-masks.png: the frames where objects are first marked, tinted.

    Args:
        source: the video with its masks.
        folder: made if it is not there.

    Returns:
        The file.

    Raises:
        DatasetError: frames or masks that cannot be read.
        StoreFullError, StoreAccessError: when it cannot be written.
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
    make_folder(folder)
    path = folder / f"{source.name}-first-masks.png"
    with whole_file(path) as file:
        file.write(buffer.getvalue())
    return path
