"""Predictions of all videos as one zip file for an evaluation server."""

import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from storage.errors import InvalidAddressError
from storage.export.png_folders import check_names, palette_png
from storage.files.output_folder import OutputFolder
from storage.kinds.predictions import StoredPrediction

SERVERS: Mapping[str, str] = MappingProxyType({"davis-zip": "", "youtube-vos-zip": "Annotations/"})
"""Folder in the zip above the videos' folders, by the name of the form."""

_FRAME = re.compile(r"\d{5}")
_BEGINNING = (1980, 1, 1, 0, 0, 0)
"""Time of every file, so that the same predictions give the same bytes."""


def zip_name(form: str) -> str:
    """Name of the zip of a form of `SERVERS`."""
    return f"{form.removesuffix('-zip')}.zip"


def check_layout(prediction: StoredPrediction) -> None:
    """Refuse a prediction that the servers would not read.

    Raises:
        InvalidAddressError: a frame is not named by five digits, as in DAVIS and YouTube-VOS.
    """
    wrong = [name for name in prediction.frame_names if not _FRAME.fullmatch(name)]
    if wrong:
        raise InvalidAddressError(
            f"{prediction.video}: the frame {wrong[0]!r} is not named by five digits, as the "
            "servers of DAVIS and YouTube-VOS require. Export png, and name the files yourself."
        )


def export_server_zip(
    predictions: Sequence[StoredPrediction], form: str, out: OutputFolder
) -> Path:
    """Write OUT/davis.zip (VIDEO/FRAME.png) or OUT/youtube-vos.zip (Annotations/VIDEO/FRAME.png).

    The files are palette PNG at the size of the annotations. The zip holds the videos that are
    given: the server expects all videos of its split.

    Args:
        predictions: one per video.
        form: of `SERVERS`.
        out: folder for the zip.

    Returns:
        The file.

    Raises:
        InvalidAddressError: as for `check_layout`; nothing is written.
        OccupiedOutputError, StoreFullError, StoreAccessError, CorruptArtifactError: as for
            `export_png`.
    """
    for prediction in predictions:
        check_names(prediction, out.path)
        check_layout(prediction)
    name = zip_name(form)
    # PNG is compressed already.
    with out.file(name) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for prediction in sorted(predictions, key=lambda one: one.video):
            for index, frame in enumerate(prediction.frame_names):
                place = f"{SERVERS[form]}{prediction.video}/{frame}.png"
                data = palette_png(prediction.label_map(index))
                archive.writestr(zipfile.ZipInfo(place, _BEGINNING), data)
    return out.path / name
