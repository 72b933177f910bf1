"""Predictions as palette PNG files, in the layout that DAVIS evaluation tools read."""

import io
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from storage.datasets.masks.palette import PALETTE
from storage.datasets.source import UInt8Array
from storage.errors import InvalidAddressError
from storage.files.output_folder import OutputFolder
from storage.kinds.predictions import StoredPrediction

_PALETTE_BYTES = bytes(value for colour in PALETTE for value in colour)


def export_png(prediction: StoredPrediction, out: OutputFolder) -> Path:
    """Write OUT/VIDEO/FRAME.png for every frame: index = object id, DAVIS palette.

    The folder of the video appears whole and replaces an earlier one. The same prediction gives the
    same bytes.

    Args:
        prediction: the prediction to write.
        out: folder for all videos.

    Returns:
        The folder of the video.

    Raises:
        OccupiedOutputError: the folder of the video contains files that this program did not write.
        StoreFullError: no space is left; nothing half-written stays.
        StoreAccessError: the folder cannot be written.
        CorruptArtifactError: a label map is damaged.
        InvalidAddressError: the name of the video or of a frame cannot be used as a file name.
    """
    check_names(prediction, out.path)
    names = enumerate(prediction.frame_names)
    maps = ((name, prediction.label_map(index)) for index, name in names)
    return write_label_maps(maps, prediction.video, out)


def write_label_maps(
    maps: Iterable[tuple[str, UInt8Array]], folder: str, out: OutputFolder
) -> Path:
    """Write OUT/FOLDER/FRAME.png for label maps by the name of their frame; return the folder.

    Raises:
        OccupiedOutputError, StoreFullError, StoreAccessError: as `export_png`.
    """
    with out.folder(folder) as draft:
        for frame, label_map in maps:
            (draft / f"{frame}.png").write_bytes(palette_png(label_map))
    return out.path / folder


def check_names(prediction: StoredPrediction, folder: Path) -> None:
    """Refuse names that would lead out of a folder.

    Raises:
        InvalidAddressError: the name of the video or of a frame cannot be used as a file name.
    """
    for name in (prediction.video, *prediction.frame_names):
        if Path(name).name != name or name == "..":
            raise InvalidAddressError(f"{name!r} cannot be a file name below {folder}: rename it.")


def palette_png(label_map: UInt8Array) -> bytes:
    """A label map as PNG: index = object id, DAVIS palette; the same map gives the same bytes."""
    height, width = label_map.shape
    image = Image.frombytes("P", (width, height), label_map.tobytes())
    image.putpalette(_PALETTE_BYTES)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
