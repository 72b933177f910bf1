"""Opens predictions; finds out which kind a path contains."""

from pathlib import Path

from storage.errors import DatasetError, MissingDatasetError
from storage.prediction_sets.png_folder import PngFolder
from storage.prediction_sets.png_zip import PngZip
from storage.prediction_sets.source import PredictionSet
from storage.prediction_sets.zarr_group import ZarrGroup
from storage.store.marker import MARKER

_STORED = "predictions"  # the kind of artifact; not imported, because its module loads Zarr
_ZARR_MARKS = ("zarr.json", ".zgroup", ".zmetadata")


def open_predictions(path: Path) -> PredictionSet:
    """Open predictions: a folder of PNG, a zip file of them, a Zarr group, or a store.

    Raises:
        MissingDatasetError: the path does not exist.
        DatasetError: it cannot be read as any of these.
    """
    path = path.expanduser()
    if path.is_file():
        return PngZip(path)
    if not path.is_dir():
        raise MissingDatasetError(
            f"the predictions {path} are not there. Give a folder or zip file with "
            "VIDEO/FRAME.png, or a Zarr group."
        )
    if any((path / mark).is_file() for mark in _ZARR_MARKS):
        return ZarrGroup(path)
    if (path / MARKER).is_file() or any((path / _STORED).glob(f"*/{MARKER}")):
        return _stored(path)
    return PngFolder(path)


def _stored(path: Path) -> PredictionSet:
    from storage.prediction_sets.stored import StoredPredictions

    if not (path / MARKER).is_file():
        return StoredPredictions(path)
    if path.resolve().parent.name != _STORED:
        raise DatasetError(
            f"{path} is an artifact, but not a prediction. Give a folder below {_STORED}."
        )
    return StoredPredictions(path.resolve().parents[1], path.name)
