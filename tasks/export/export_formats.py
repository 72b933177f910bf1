"""Exports predictions of a store as files for other programs."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from storage.errors import CorruptArtifactError, InvalidAddressError, MissingArtifactError
from storage.export.coco import export_coco
from storage.export.png_folders import check_names, export_png
from storage.files.output_folder import OutputFolder
from storage.kinds.predictions import PREDICTIONS, StoredPrediction
from storage.runs.ledger import RunLedger
from storage.runs.names import StageName
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.export.overlay_export import export_overlay, source_files

FORMATS = ("png", "coco", "overlay")

_OF_ONE = (CorruptArtifactError, MissingArtifactError, InvalidAddressError)
"""Errors that concern only one prediction."""


@dataclass(frozen=True)
class Export:
    """A prediction to export.

    Args:
        video: name of its video.
        key: key of the prediction.
        folder: subfolder for it; "" if there is only one prediction per video.
    """

    video: str
    key: str
    folder: str = ""


def choose_exports(
    store: ArtifactStore, run: str | None, videos: Sequence[str] | None
) -> list[Export]:
    """Return the predictions of a run (of each preset, if it has several), or all of a store.

    Args:
        store: the store with the predictions.
        run: a run, whose ledger lists its predictions; None means all in the store.
        videos: only these; None means all.

    Raises:
        MissingArtifactError: there is no such run, no prediction, or none of a named video.
        ParameterError: the store has several predictions of one video, and no run is given.
    """
    found = _of_store(store) if run is None else _of_run(RunLedger(store, run))
    if videos is not None:
        if missing := sorted(set(videos) - {export.video for export in found}):
            raise MissingArtifactError(
                f"There are no label maps of {', '.join(missing)}; correct --videos."
            )
        found = [export for export in found if export.video in videos]
    if not found:
        raise MissingArtifactError(
            f"There are no label maps in {store.url if run is None else f'the run {run}'} yet."
        )
    several = Counter((export.video, export.folder) for export in found)
    if twice := sorted({video for (video, _), count in several.items() if count > 1}):
        raise ParameterError(
            f"{store.url} has several predictions of {', '.join(twice[:5])}: name a run "
            "(`maskrnn status` lists them), or other --videos"
        )
    return found


def export(
    store: ArtifactStore, chosen: Sequence[Export], folder: Path, formats: Sequence[str]
) -> Iterator[Path | str]:
    """Write predictions one by one; one that cannot be used does not stop the others.

    Args:
        store: the store with the predictions.
        chosen: which predictions.
        folder: for all; created if missing.
        formats: of `FORMATS`: "png" FOLDER/VIDEO/FRAME.png, "coco" FOLDER/VIDEO.json, "overlay"
            FOLDER/VIDEO.mp4.

    Yields:
        Each file or folder when it is complete, and an error for a prediction that is damaged,
        cannot name a file, or has lost its frames.

    Raises:
        ParameterError: an unknown format.
        OccupiedOutputError: a file would replace one that this program did not write, or the
            segmented video; found before the first file is written.
        StoreFullError, StoreAccessError: the folder cannot be written.
    """
    if unknown := [name for name in formats if name not in FORMATS]:
        raise ParameterError(f"unknown format {', '.join(unknown)}: choose of {', '.join(FORMATS)}")
    places = {item.folder: OutputFolder(folder / item.folder) for item in chosen}
    for name, place in places.items():
        _check(store, [item for item in chosen if item.folder == name], place, formats)
    return _written(store, chosen, places, formats)


def _check(
    store: ArtifactStore, chosen: Sequence[Export], place: OutputFolder, formats: Sequence[str]
) -> None:
    videos, sources = [], []
    for item in chosen:
        with suppress(*_OF_ONE):  # its fault is reported in its turn
            prediction = StoredPrediction(store, item.key)
            check_names(prediction, place.path)
            videos.append(prediction.video)
            sources += source_files(prediction)
    files = [f"{video}{suffix}" for video in videos for suffix in _suffixes(formats)]
    place.check(files, videos if "png" in formats else (), sources)


def _suffixes(formats: Sequence[str]) -> list[str]:
    return [suffix for name, suffix in (("coco", ".json"), ("overlay", ".mp4")) if name in formats]


def _written(
    store: ArtifactStore,
    chosen: Sequence[Export],
    places: Mapping[str, OutputFolder],
    formats: Sequence[str],
) -> Iterator[Path | str]:
    for item in chosen:
        try:
            prediction = StoredPrediction(store, item.key)
            place = places[item.folder]
            if "png" in formats:
                yield export_png(prediction, place)
            if "coco" in formats:
                yield export_coco(prediction, place)
            if "overlay" in formats:
                yield export_overlay(store, prediction, place)
        except _OF_ONE as error:
            yield f"{item.video}: {error}"


def _of_store(store: ArtifactStore) -> list[Export]:
    keys = store.keys(PREDICTIONS)
    return [Export(store.open(PREDICTIONS, key).metadata["video"], key) for key in keys]


def _of_run(ledger: RunLedger) -> list[Export]:
    ledger.info()  # raises if there is no such run
    found = [
        Export(record.video, key, StageName.parse(stage).preset)
        for record in ledger.records()
        for stage, entry in record.stages.items()
        for kind, key in entry.artifacts
        if kind == PREDICTIONS and entry.state == "done"
    ]
    if len({export.folder for export in found}) == 1:
        return [Export(export.video, export.key) for export in found]
    return found
